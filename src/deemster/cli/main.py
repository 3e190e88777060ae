"""The `deemster` command: what there is, and in which order it is listed."""

from __future__ import annotations

import typer

from deemster.cli.check import check
from deemster.cli.decide import decide
from deemster.cli.errors import reporting
from deemster.cli.init import init
from deemster.cli.serve import serve
from deemster.cli.show_config import show_config
from deemster.cli.test import run_tests
from deemster.cli.token import token
from deemster.cli.version import version

__all__ = ["app"]

app = typer.Typer(
    help="A policy decision point for API gateways.",
    no_args_is_help=True,
    rich_markup_mode=None,
    # Errors are told by cli/errors.py; what gets past it is never shown with local variables.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(reporting(init))
app.command("serve")(reporting(serve))
app.command("check")(reporting(check))
app.command("test")(reporting(run_tests))
app.command("decide")(reporting(decide))
app.command("token")(reporting(token))
app.command("show-config")(reporting(show_config))
app.command("version")(reporting(version))
