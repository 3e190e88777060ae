"""`deemster bundle`: a policy tree as one signed file, for one environment and in sequence."""

from __future__ import annotations

import typer

from deemster.cli.bundles.build import build
from deemster.cli.bundles.new_key import new_key
from deemster.cli.bundles.rollback import rollback
from deemster.cli.bundles.sign import sign
from deemster.cli.bundles.verify import verify

__all__ = ["bundle"]

bundle = typer.Typer(
    help="A policy tree as one signed file.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

bundle.command("new-key")(new_key)
bundle.command("build")(build)
bundle.command("sign")(sign)
bundle.command("verify")(verify)
bundle.command("rollback")(rollback)
