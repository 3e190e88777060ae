"""`deemster test`: run the policy tests of a tree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.arguments import ConfigOption
from deemster.cli.suites import Asked, watched_paths
from deemster.cli.test_command import TestCommand, TestFormat
from deemster.cli.wanted_reports import WantedReports
from deemster.model.clock import SystemClock
from deemster.policytest.selection import SelectionError, parse_selection

__all__ = ["run_tests"]

_MOST_JOBS = 256


def run_tests(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATHS",
            help="A policy tree, or suites of one; by default what --config names, or ./policies.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    tree: Annotated[
        Path | None,
        typer.Option("--tree", help="The tree that the suites at PATHS belong to."),
    ] = None,
    selection: Annotated[
        str | None,
        typer.Option(
            "-k", metavar="EXPR", help="Only cases with these words: `and`, `or`, `not`, `( )`."
        ),
    ] = None,
    exit_first: Annotated[
        bool, typer.Option("-x", "--exitfirst", help="End at the first case that fails.")
    ] = False,
    jobs: Annotated[
        str, typer.Option("-j", "--jobs", metavar="N|auto", help="Processes to run cases in.")
    ] = "auto",
    coverage: Annotated[
        float | None,
        typer.Option(
            "--coverage",
            metavar="MIN",
            min=0,
            max=100,
            help="Show what is covered; fail below MIN percent.",
        ),
    ] = None,
    durations: Annotated[
        int, typer.Option("--durations", metavar="N", min=0, help="Show the N slowest cases.")
    ] = 0,
    watch: Annotated[
        bool, typer.Option("--watch", help="Run again whenever a file changes, until Ctrl-C.")
    ] = False,
    report: Annotated[
        list[str] | None,
        typer.Option(
            "--report",
            metavar="KIND=FILE",
            help="Write a report: junit, json, coverage, lcov or html; or `github`.",
        ),
    ] = None,
    output_format: Annotated[
        TestFormat, typer.Option("--format", help="How to print the results.")
    ] = TestFormat.TEXT,
) -> None:
    """Run the policy tests of a tree on the service's own path, with throw-away keys.

    Exit status: 0 all passed, 1 failed or covered too little, 2 could not run.
    """
    reports = WantedReports.parse(report or ())
    if output_format is TestFormat.JSON and (reports.annotations or watch):
        what = "--watch" if watch else "--report github"
        raise typer.BadParameter(f"`json` does not go with {what}", param_hint="--format")
    command = TestCommand(
        asked=Asked(
            paths=tuple(paths or ()),
            tree=tree,
            config=config,
            selection=_checked(selection),
            covering=coverage is not None or reports.need_coverage,
            now=int(SystemClock().wall()),
        ),
        jobs=_number_of(jobs),
        exit_first=exit_first,
        minimum=coverage,
        durations=durations,
        reports=reports,
        output_format=output_format,
    )
    if not watch:
        raise typer.Exit(command.run())
    from deemster.cli.watching import watch as run_on_changes

    run_on_changes(watched_paths(command.asked), command.run)


def _checked(selection: str | None) -> str | None:
    if selection is None:
        return None
    try:
        parse_selection(selection)
    except SelectionError as error:
        raise typer.BadParameter(str(error), param_hint="-k") from None
    return selection


def _number_of(jobs: str) -> int | None:
    if jobs == "auto":
        return None
    if jobs.isascii() and jobs.isdigit() and 1 <= int(jobs) <= _MOST_JOBS:
        return int(jobs)
    raise typer.BadParameter(
        f"`{jobs}` is neither `auto` nor 1 to {_MOST_JOBS}", param_hint="--jobs"
    )
