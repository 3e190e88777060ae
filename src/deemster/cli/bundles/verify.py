"""`deemster bundle verify`: would a service with these pinned keys take this bundle?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from deemster.bundles.keys import BundleKeys
from deemster.bundles.manifest import MAX_SEQUENCE
from deemster.bundles.verifying import verify_bundle
from deemster.cli.arguments import FormatOption
from deemster.cli.bundles.arguments import EnvironmentOption, instant, the_environment
from deemster.cli.bundles.files import describe, print_described, read_octets, tell_refusal
from deemster.cli.output import OutputFormat
from deemster.errors import BundleRefusedError
from deemster.model.clock import SystemClock

__all__ = ["verify"]

_DIGEST = re.compile(r"[0-9a-f]{64}")


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle.")],
    *,
    key: Annotated[
        list[Path],
        typer.Option(
            "--key", metavar="FILE", help="A public key as JWK, JWK set or PEM; once or twice."
        ),
    ],
    environment: EnvironmentOption,
    newest: Annotated[
        int | None,
        typer.Option(
            "--newest",
            min=1,
            max=MAX_SEQUENCE,
            help="The highest sequence that was taken before.",
            show_default=False,
        ),
    ] = None,
    newest_digest: Annotated[
        str | None,
        typer.Option(
            "--newest-digest",
            metavar="SHA-256",
            help="The digest of the bundle that had it, which may be taken again.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="INSTANT", help="As if it were then, and not now.", show_default=False
        ),
    ] = None,
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Say whether a service would take a bundle, and if not, why.

    Exit status: 0 it would, 1 it would not, 2 could not run.
    """
    if newest_digest is not None and not _DIGEST.fullmatch(newest_digest):
        raise typer.BadParameter("expected 64 hexadecimal digits", param_hint="--newest-digest")
    keys, name = BundleKeys.read(key), the_environment(environment)
    octets = read_octets(file)
    try:
        bundle = verify_bundle(
            octets,
            keys=keys,
            environment=name,
            now=SystemClock().wall() if at is None else instant(at, "--at"),
            newest=newest,
            newest_digest=newest_digest,
        )
    except BundleRefusedError as refused:
        raise tell_refusal(file, refused, output_format) from None
    found = describe(octets, bundle.key_id)
    print_described("accepted", file, found, output_format, verdict="accepted")
