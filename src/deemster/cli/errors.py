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

__all__ = ["COULD_NOT_RUN", "reporting"]

P = ParamSpec("P")

COULD_NOT_RUN = 2


def reporting(command: Callable[P, None]) -> Callable[P, None]:
    """`command`, with its errors on stderr (for `--format json`, diagnostics on stdout)."""

    @functools.wraps(command)
    def reported(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.Abort, TyperException, BrokenPipeError):
            raise
        except (PolicyError, ConfigurationError) as refused:
            as_json = kwargs.get("output_format") is OutputFormat.JSON
            _report_refused(refused, as_json=as_json)
        except DeemsterError as error:
            _report(error.message)
        except OSError as error:
            place = f"`{error.filename}`: " if error.filename is not None else ""
            _report(f"{place}{error.strerror or error}")
        except Exception as fault:  # noqa: BLE001  (the last place before the user)
            _report(f"a fault of Deemster itself: {type(fault).__name__}: {fault}")
        else:
            return
        raise typer.Exit(COULD_NOT_RUN)

    return reported


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
