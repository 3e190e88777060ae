"""`deemster bundle sign`: put a signature into a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deemster.bundles.building import sign_bundle
from deemster.bundles.keys import read_signing_key
from deemster.cli.arguments import FormatOption
from deemster.cli.bundles.arguments import the_output
from deemster.cli.bundles.files import describe, print_described, read_octets, tell_refusal
from deemster.cli.files import write_atomically
from deemster.cli.output import OutputFormat
from deemster.errors import BundleRefusedError

__all__ = ["sign"]


def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle.")],
    *,
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="A private key as JWK or PEM, mode 0600.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Instead of FILE itself.", show_default=False
        ),
    ] = None,
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Sign a bundle; a signature that it has already is replaced.

    Exit status: 0 signed, 1 it is no bundle as `build` makes it, 2 could not run.
    """
    target = the_output(file if output is None else output)
    signing_key = read_signing_key(key)
    try:
        octets = sign_bundle(read_octets(file), signing_key)
    except BundleRefusedError as refused:
        raise tell_refusal(file, refused, output_format) from None
    write_atomically(target, octets)
    found = describe(octets, signing_key.pinned.key_id)
    print_described("signed", target, found, output_format)
