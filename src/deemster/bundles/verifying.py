"""Whether a bundle is taken: its form, who signed it, what for, when, and where in the sequence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from deemster.bundles.archive import Archive, read_archive
from deemster.bundles.jws import check_signature
from deemster.bundles.keys import BundleKeys
from deemster.bundles.manifest import BundleManifest, read_manifest, shown_instant
from deemster.errors import BundleRefusedError
from deemster.model.bundle_cause import BundleCause

__all__ = [
    "CLOCK_SKEW",
    "VerifiedBundle",
    "check_files",
    "digest_of",
    "open_bundle",
    "refuse_unfit",
    "verify_bundle",
]

CLOCK_SKEW = 60.0
"""Seconds that the clock of who builds bundles may be ahead of ours."""


@dataclass(frozen=True, slots=True, eq=False)
class VerifiedBundle:
    """A bundle that a pinned key signed and whose files are those that were signed.

    `key_id`: the RFC 7638 thumbprint of that key. `files`: content by path from the tree's root,
    for `load_texts`. `digest`: SHA-256 in hex of the manifest, so of all that was signed; a bundle
    that is signed anew keeps it.
    """

    manifest: BundleManifest
    key_id: str
    files: Mapping[str, bytes]
    digest: str


def verify_bundle(
    octets: bytes,
    *,
    keys: BundleKeys,
    environment: str,
    now: float,
    newest: int | None,
    newest_digest: str | None = None,
) -> VerifiedBundle:
    """`now`: seconds since 1970. `newest`: the highest sequence ever taken, None before the first;
    `newest_digest`: of the bundle that had it, so that the very same one is taken again.

    Raises BundleRefusedError.
    """
    bundle = open_bundle(octets, keys=keys)
    refuse_unfit(
        bundle, environment=environment, now=now, newest=newest, newest_digest=newest_digest
    )
    return bundle


def open_bundle(octets: bytes, *, keys: BundleKeys) -> VerifiedBundle:
    """Form, signature and digests only: a bundle may be genuine and yet of no use here or now.

    Raises BundleRefusedError (`malformed`, `too-large`, `unsigned`, `wrong-key`, `tampered`).
    """
    archive = read_archive(octets)
    # INVARIANT: nothing of the manifest is parsed before its octets are known to be signed.
    key_id = check_signature(archive.signature, archive.manifest, keys.pinned)
    manifest = read_manifest(archive.manifest)
    check_files(archive, manifest)
    return VerifiedBundle(manifest, key_id, archive.files, digest_of(archive.manifest))


def refuse_unfit(
    bundle: VerifiedBundle,
    *,
    environment: str,
    now: float,
    newest: int | None,
    newest_digest: str | None = None,
) -> None:
    """Arguments as for `verify_bundle`.

    Raises BundleRefusedError (`other-environment`, `not-yet-valid`, `expired`, `older-sequence`).
    """
    manifest = bundle.manifest
    if manifest.environment != environment:
        raise BundleRefusedError(
            BundleCause.OTHER_ENVIRONMENT,
            f"the bundle is for environment `{manifest.environment}`, expected `{environment}`: "
            f"build it with `--environment {environment}`",
        )
    if manifest.issued_at > now + CLOCK_SKEW:
        raise BundleRefusedError(
            BundleCause.NOT_YET_VALID,
            f"the bundle is issued at {shown_instant(manifest.issued_at)}, and it is "
            f"{shown_instant(now)} here: set the clocks of both machines",
        )
    if manifest.expires <= now:
        raise BundleRefusedError(
            BundleCause.EXPIRED,
            f"the bundle expired at {shown_instant(manifest.expires)}, and it is "
            f"{shown_instant(now)}: build it anew with a higher `--sequence`",
        )
    if newest is None or manifest.sequence > newest:
        return
    if manifest.sequence == newest and bundle.digest == newest_digest:
        return
    raise BundleRefusedError(
        BundleCause.OLDER_SEQUENCE, _out_of_sequence(bundle, newest, newest_digest)
    )


def check_files(archive: Archive, manifest: BundleManifest) -> None:
    """Every file that is listed is there with its digest, and no other.

    Raises BundleRefusedError (`tampered`).
    """
    missing = sorted(manifest.files.keys() - archive.files.keys())
    if missing:
        raise _tampered(f"`{missing[0]}` is listed in the manifest, but not there")
    unlisted = sorted(archive.files.keys() - manifest.files.keys())
    if unlisted:
        raise _tampered(f"`{unlisted[0]}` is there, but not listed in the manifest")
    for path, content in archive.files.items():
        found = digest_of(content)
        if found != manifest.files[path]:
            raise _tampered(
                f"`{path}` has SHA-256 {found}, and the manifest says {manifest.files[path]}"
            )


def digest_of(octets: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(octets).hexdigest()


def _out_of_sequence(bundle: VerifiedBundle, newest: int, newest_digest: str | None) -> str:
    sequence = bundle.manifest.sequence
    if sequence < newest:
        return (
            f"the bundle has sequence {sequence}, and {newest} was taken already: to go back to "
            "its policies, make a bundle of it by `deemster bundle rollback`"
        )
    if newest_digest is None:
        return (
            f"the bundle has sequence {sequence}, and one of that sequence was taken already: "
            "build it with a higher `--sequence`"
        )
    return (
        f"the bundle has sequence {sequence} and digest {bundle.digest}, and the one of that "
        f"sequence that was taken has {newest_digest}: build it with a higher `--sequence`"
    )


def _tampered(message: str) -> BundleRefusedError:
    return BundleRefusedError(
        BundleCause.TAMPERED, f"{message}: the bundle was changed. Fetch it or build it again"
    )
