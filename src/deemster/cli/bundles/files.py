"""Bundles on disk, as commands read and describe them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from deemster.bundles.archive import read_archive
from deemster.bundles.limits import MAX_BUNDLE_BYTES
from deemster.bundles.manifest import BundleManifest, read_manifest, shown_instant
from deemster.bundles.reading import read_regular
from deemster.bundles.verifying import digest_of
from deemster.cli.output import OutputFormat, print_json
from deemster.errors import BundleRefusedError
from deemster.policytest.printable import printable

__all__ = ["REFUSED", "Described", "describe", "print_described", "read_octets", "tell_refusal"]

REFUSED = 1
"""Exit status of a command that found a bundle or a tree to be wrong."""


@dataclass(frozen=True, slots=True)
class Described:
    """What people are told of a bundle. `key_id`: who signed it, None where nobody did."""

    manifest: BundleManifest
    digest: str
    octets: int
    key_id: str | None


def read_octets(file: Path) -> bytes:
    """Raises ConfigurationError; never more than a bundle may have."""
    return read_regular(file, most=MAX_BUNDLE_BYTES, what="bundle")[0]


def describe(octets: bytes, key_id: str | None) -> Described:
    """Of a bundle that was just made or verified."""
    archive = read_archive(octets)
    manifest = read_manifest(archive.manifest)
    return Described(manifest, digest_of(archive.manifest), len(octets), key_id)


def print_described(
    heading: str, file: Path, found: Described, form: OutputFormat, **further: object
) -> None:
    """To stdout. `further`: members that the JSON form has first."""
    manifest, restores = found.manifest, found.manifest.restores
    if form is OutputFormat.JSON:
        print_json(
            {
                **further,
                "file": str(file),
                "environment": manifest.environment,
                "sequence": manifest.sequence,
                "issuedAt": shown_instant(manifest.issued_at),
                "expires": shown_instant(manifest.expires),
                "restores": None
                if restores is None
                else {"sequence": restores.sequence, "digest": restores.digest},
                "files": len(manifest.files),
                "bytes": found.octets,
                "revision": manifest.revision,
                "digest": found.digest,
                "signedBy": found.key_id,
            }
        )
        return
    lines = [
        ("environment", manifest.environment),
        ("sequence", str(manifest.sequence)),
        ("issued", shown_instant(manifest.issued_at)),
        ("expires", shown_instant(manifest.expires)),
        ("files", f"{len(manifest.files)} ({found.octets:,} bytes)"),
        ("revision", manifest.revision),
        ("digest", found.digest),
        ("signed by", found.key_id or "nobody yet: run `deemster bundle sign`"),
    ]
    if restores is not None:
        lines.insert(2, ("restores", f"sequence {restores.sequence}, digest {restores.digest}"))
    print(printable(f"{file}: {heading}"))
    for name, value in lines:
        print(printable(f"  {name:<12} {value}"))


def tell_refusal(
    file: Path, refused: BundleRefusedError, form: OutputFormat, *, hint: str = ""
) -> typer.Exit:
    """Tell why a bundle is not taken; the exit is the caller's to raise. `hint`: a mend more."""
    message = refused.message + hint
    if form is OutputFormat.JSON:
        print_json(
            {
                "verdict": "refused",
                "file": str(file),
                "cause": refused.cause.value,
                "message": message,
                "exitStatus": REFUSED,
            }
        )
    else:
        print(printable(f"{file}: refused ({refused.cause.value}): {message}"))
    return typer.Exit(REFUSED)
