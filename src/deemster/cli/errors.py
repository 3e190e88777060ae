"""Where every error of a command ends: told to a person, with exit status 2, never a traceback."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

import typer
from typer.exceptions import TyperException

from deemster.cli.output import OutputFormat, colour_on, print_json
from deemster.errors import ConfigurationError, DeemsterError, PolicyError
from deemster.policy.rendering import render_text, summary, to_json
from deemster.policytest.printable import printable

__all__ = ["COULD_NOT_RUN", "attempt", "reporting"]

P = ParamSpec("P")

COULD_NOT_RUN = 2


def reporting(command: Callable[P, None]) -> Callable[P, None]:
    """`command`, with its errors on stderr (for `--format json`, diagnostics on stdout)."""

    @functools.wraps(command)
    def reported(*args: P.args, **kwargs: P.kwargs) -> None:
        # Every command that can has a form of this name.
        as_json = getattr(kwargs.get("output_format"), "value", None) == OutputFormat.JSON.value
        if not _told(lambda: command(*args, **kwargs), as_json=as_json):
            raise typer.Exit(COULD_NOT_RUN)

    return reported


def attempt(run: Callable[[], object]) -> None:
    """One run of several: its errors are told, mistakes in the command line too."""
    try:
        _told(run, as_json=False)
    except TyperException as error:
        _report(error.format_message())


def _told(run: Callable[[], object], *, as_json: bool) -> bool:
    """Whether it ran; else what went wrong was told."""
    try:
        run()
    except (typer.Exit, typer.Abort, TyperException, BrokenPipeError):
        raise
    except (PolicyError, ConfigurationError) as refused:
        _report_refused(refused, as_json=as_json)
    except DeemsterError as error:
        _report(error.message)
    except OSError as error:
        place = f"`{error.filename}`: " if error.filename is not None else ""
        _report(f"{place}{error.strerror or error}")
    except Exception as fault:  # noqa: BLE001  (the last place before the user)
        _report(f"a fault of Deemster itself: {type(fault).__name__}: {fault}")
    else:
        return True
    return False


def _report_refused(refused: PolicyError | ConfigurationError, *, as_json: bool) -> None:
    diagnostics = refused.diagnostics
    if as_json:
        print_json(
            {
                "error": refused.message,
                "diagnostics": to_json(diagnostics or ()),
                "exitStatus": COULD_NOT_RUN,
            }
        )
        return
    if diagnostics is None:
        _report(refused.message)
        return
    sys.stderr.write(render_text(diagnostics, refused.sources, colour=colour_on(sys.stderr)))
    sys.stderr.write(f"{summary(diagnostics)}\n")


def _report(message: str) -> None:
    sys.stderr.write(f"deemster: {printable(message)}\n")
