"""The `deemster` command: what there is, and in which order it is listed."""

from __future__ import annotations

import sys
from importlib import import_module
from io import TextIOWrapper

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["app"]

_CONTEXT = {"help_option_names": ["-h", "--help"]}

_COMMANDS = {
    "init": ("init", "init"),
    "serve": ("serve", "serve"),
    "ready": ("ready", "ready"),
    "check": ("check", "check"),
    "test": ("test", "run_tests"),
    "decide": ("decide", "decide"),
    "fmt": ("fmt", "fmt"),
    "schema": ("schema", "schema"),
    "token": ("token", "token"),
    "revoke": ("revoke", "revoke"),
    "users": ("users", "users"),
    "show-config": ("show_config", "show_config"),
    "log": ("decision_log.command", "log"),
    "replay": ("replay", "replay"),
    "bundle": ("bundles.app", "bundle"),
    "version": ("version", "version"),
}
"""Name ► module of this package and its function, imported when the command is run: each has
libraries of its own that the others should not wait for."""


class _Commands(TyperGroup):
    """Makes a command when it is asked for."""

    def list_commands(self, ctx: object) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:
        if cmd_name not in self.commands:
            self._make(cmd_name)
        found = self.commands.get(cmd_name)
        return found if isinstance(found, TyperCommand | TyperGroup) else None

    def _make(self, name: str) -> None:
        if name not in _COMMANDS:
            # All of them: typer looks here for one that was meant.
            self.commands.update({known: TyperCommand(known) for known in _COMMANDS})
            return
        from deemster.cli.errors import reporting

        module, function = _COMMANDS[name]
        alone = typer.Typer(
            add_completion=False,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            context_settings=_CONTEXT,
        )
        command = getattr(import_module(f"deemster.cli.{module}"), function)
        if isinstance(command, typer.Typer):
            # Commands of its own, each of which tells its errors as every command does.
            for one in command.registered_commands:
                if one.callback is not None:
                    one.callback = reporting(one.callback)
            self.commands[name] = typer.main.get_group(command)
            return
        alone.command(name)(reporting(command))
        self.commands[name] = typer.main.get_command(alone)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    # Errors are told by cli/errors.py; what gets past it is never shown with local variables.
    pretty_exceptions_enable=False,
    context_settings=_CONTEXT,
)


@app.callback()
def _deemster() -> None:
    """A policy decision point for API gateways."""
    for stream in (sys.stdout, sys.stderr):
        # A policy may hold what a terminal's encoding has no bytes for; a report says it escaped.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
