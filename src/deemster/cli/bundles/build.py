"""`deemster bundle build`: check a policy tree and put it into one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deemster.bundles.building import build_bundle, sign_bundle
from deemster.bundles.keys import read_signing_key
from deemster.cli.arguments import ConfigOption, FormatOption, PathsArgument
from deemster.cli.bundles.arguments import (
    EnvironmentOption,
    ExpiresOption,
    IssuedAtOption,
    OutputOption,
    SequenceOption,
    instant,
    the_end,
    the_environment,
    the_output,
)
from deemster.cli.bundles.files import describe, print_described, tell_refusal
from deemster.cli.bundles.trees import checked
from deemster.cli.files import write_atomically
from deemster.cli.output import OutputFormat
from deemster.cli.trees import chosen_paths, load_chosen_tree, settings_in
from deemster.errors import BundleRefusedError
from deemster.model.clock import SystemClock

__all__ = ["build"]


def build(
    *,
    paths: PathsArgument = None,
    environment: EnvironmentOption,
    sequence: SequenceOption,
    expires: ExpiresOption,
    output: OutputOption,
    sign: Annotated[
        Path | None, typer.Option("--sign", metavar="KEY", help="A private key to sign it with.")
    ] = None,
    issued_at: IssuedAtOption = None,
    config: ConfigOption = None,
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Check a policy tree as `deemster check` does, and put it into a bundle.

    Exit status: 0 made, 1 the tree has errors or cannot be bundled, 2 could not run.
    """
    now = SystemClock().wall()
    begin = now if issued_at is None else instant(issued_at, "--issued-at")
    end, name = the_end(expires, begin), the_environment(environment)
    target = the_output(output)
    # A key that cannot be used is told before a large tree is read.
    key = None if sign is None else read_signing_key(sign)
    settings = settings_in(config)
    chosen = chosen_paths(paths, settings)
    loaded = checked(lambda: load_chosen_tree(chosen, settings), now=now, form=output_format)
    # INVARIANT: these are the octets that were checked; nothing is read again.
    files = {file.path: file.content for file in loaded.files.files}
    try:
        octets = build_bundle(
            files, environment=name, sequence=sequence, issued_at=begin, expires=end
        )
    except BundleRefusedError as refused:
        raise tell_refusal(target, refused, output_format) from None
    if key is not None:
        octets = sign_bundle(octets, key)
    write_atomically(target, octets)
    found = describe(octets, None if key is None else key.pinned.key_id)
    print_described("made", target, found, output_format)
