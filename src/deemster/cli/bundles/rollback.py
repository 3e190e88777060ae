"""`deemster bundle rollback`: an older bundle's policies as a new bundle that says so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deemster.bundles.building import rolled_back, sign_bundle
from deemster.bundles.jws import PinnedKey, SigningKey
from deemster.bundles.keys import BundleKeys, read_signing_key
from deemster.bundles.manifest import MAX_SEQUENCE
from deemster.bundles.verifying import VerifiedBundle, open_bundle
from deemster.cli.arguments import ConfigOption, FormatOption
from deemster.cli.bundles.arguments import (
    ExpiresOption,
    IssuedAtOption,
    OutputOption,
    instant,
    the_end,
    the_output,
)
from deemster.cli.bundles.files import describe, print_described, read_octets, tell_refusal
from deemster.cli.bundles.trees import checked, loaded_texts
from deemster.cli.files import write_atomically
from deemster.cli.output import OutputFormat
from deemster.errors import BundleRefusedError, ConfigurationError
from deemster.model.bundle_cause import BundleCause
from deemster.model.clock import SystemClock

__all__ = ["rollback"]


def rollback(
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The older bundle, signed.")],
    newest: Annotated[
        int,
        typer.Option(
            "--newest",
            min=1,
            max=MAX_SEQUENCE - 1,
            help="The highest sequence that was taken; the new bundle has the next.",
        ),
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="A private key to sign it with.")
    ],
    expires: ExpiresOption,
    output: OutputOption,
    old_key: Annotated[
        Path | None,
        typer.Option(
            "--old-key",
            metavar="FILE",
            help="The public key of the older bundle, where another signed it.",
            show_default=False,
        ),
    ] = None,
    issued_at: IssuedAtOption = None,
    config: ConfigOption = None,
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Go back to the policies of an older bundle, by a new one that is signed and says so.

    The older bundle may have expired; its tree is checked again by this release. Exit status: 0
    made, 1 the older bundle or its tree is refused, 2 could not run.
    """
    now = SystemClock().wall()
    begin = now if issued_at is None else instant(issued_at, "--issued-at")
    end, target = the_end(expires, begin), the_output(output)
    signing_key = read_signing_key(key)
    keys = _trusted(signing_key, old_key)
    try:
        older = open_bundle(read_octets(to), keys=keys)
    except BundleRefusedError as refused:
        other = refused.cause is BundleCause.WRONG_KEY and old_key is None
        hint = "; or give the key that signed it by `--old-key`" if other else ""
        raise tell_refusal(to, refused, output_format, hint=hint) from None
    _refuse_no_way_back(older, newest)
    checked(
        lambda: loaded_texts(older.files, config, shown_under=str(to)),
        now=now,
        form=output_format,
    )
    made = rolled_back(older, sequence=newest + 1, issued_at=begin, expires=end)
    octets = sign_bundle(made, signing_key)
    write_atomically(target, octets)
    print_described(
        "made and signed", target, describe(octets, signing_key.pinned.key_id), output_format
    )


def _trusted(signing_key: SigningKey, old_key: Path | None) -> BundleKeys:
    pinned: list[PinnedKey] = [signing_key.pinned]
    if old_key is not None:
        older = BundleKeys.read([old_key]).pinned
        pinned += [each for each in older if each.key_id != signing_key.pinned.key_id]
    return BundleKeys(tuple(pinned))


def _refuse_no_way_back(older: VerifiedBundle, newest: int) -> None:
    sequence = older.manifest.sequence
    if sequence >= newest:
        raise ConfigurationError(
            f"`--to` has sequence {sequence}, and `--newest` is {newest}: there is no way back to "
            "what is newest. Give the highest sequence that services took"
        )
