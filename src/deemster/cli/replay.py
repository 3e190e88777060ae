"""`deemster replay`: a recorded log, decided again under another tree."""

from __future__ import annotations

import asyncio
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.arguments import ConfigOption, FormatOption
from deemster.cli.errors import COULD_NOT_RUN
from deemster.cli.output import OutputFormat, print_json
from deemster.cli.profiles import provider_profiles
from deemster.cli.trees import chosen_paths, load_chosen_tree, settings_in
from deemster.decisionlog.reading import read_files
from deemster.model.clock import SystemClock
from deemster.policy.store import PolicyStore
from deemster.policytest.printable import printable
from deemster.policytest.replay.changes import Kind, Replayed
from deemster.policytest.replay.desk import ReplayDesk
from deemster.policytest.replay.reports import json_report, junit_report, text_report
from deemster.policytest.replay.running import replay_lines

__all__ = ["replay"]

CHANGED = 1


class FailOn(Enum):
    """`--fail-on`"""

    ANY = "any"
    EFFECT = "effect"
    WIDENED = "widened"
    NEVER = "never"


def replay(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES", help="Decision logs, packed (.gz) or not.")
    ],
    policies: Annotated[
        list[Path] | None,
        typer.Option(
            "--policies",
            metavar="NEW",
            help="The tree to decide by; default what --config names, or ./policies.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Which changes make the exit status 1.")
    ] = FailOn.ANY,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write a JUnit report.")
    ] = None,
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Decide a recorded log again under another tree, and say what changes. Asks nobody.

    Exit status: 0 nothing changed, 1 something did, 2 a line is no record, or none could be
    decided again.
    """
    settings = settings_in(config)
    loaded = load_chosen_tree(chosen_paths(policies, settings), settings)
    store = PolicyStore(lambda: loaded.snapshot)
    store.load()
    salt = None if settings is None else settings.decision_log.salt
    desk = ReplayDesk(
        store,
        provider_profiles(loaded, settings),
        salt=None if salt is None else salt.reveal().encode(),
        gateways=None
        if settings is None
        else {gateway.id: gateway.api_services for gateway in settings.gateways},
    )
    clock = SystemClock()
    began = clock.monotonic()
    found = asyncio.run(replay_lines(read_files(files), desk, _tell))
    seconds = clock.monotonic() - began
    if junit is not None:
        junit.parent.mkdir(parents=True, exist_ok=True)
        junit.write_text(junit_report(found, seconds), encoding="utf-8")
    if output_format is OutputFormat.JSON:
        print_json(json_report(found, seconds))
    else:
        sys.stdout.write(text_report(found, seconds))
    raise typer.Exit(_status(found, fail_on))


def _tell(place: str, why: str) -> None:
    sys.stderr.write(f"{place}: {printable(why)}\n")


def _status(found: Replayed, fail_on: FailOn) -> int:
    if found.unreadable or not found.decided:
        return COULD_NOT_RUN
    widened, narrowed = found.count(Kind.WIDENED), found.count(Kind.NARROWED)
    grave = {
        FailOn.ANY: found.changed,
        FailOn.EFFECT: widened + narrowed,
        FailOn.WIDENED: widened,
        FailOn.NEVER: 0,
    }[fail_on]
    return CHANGED if grave else 0
