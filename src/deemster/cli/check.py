"""`deemster check`: load a policy tree and say everything that is wrong with it."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.arguments import ConfigOption, PathsArgument
from deemster.cli.check_report import CheckFormat, CheckReport, print_report
from deemster.cli.explain import print_explanation
from deemster.cli.trees import chosen_paths, load_chosen_tree, settings_in
from deemster.errors import PolicyError
from deemster.model.clock import SystemClock
from deemster.policy.diagnostics import Severity
from deemster.policy.loading import LoadedTree
from deemster.policytest.review import Review, review

__all__ = ["check"]


def check(
    paths: PathsArgument = None,
    config: ConfigOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings too.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file changes, until Ctrl-C.")
    ] = False,
    show_suppressed: Annotated[
        bool, typer.Option("--show-suppressed", help="List suppressed findings with their reasons.")
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="CODE", help="Say what a code means, and end."),
    ] = None,
    output_format: Annotated[
        CheckFormat, typer.Option("--format", help="How to print the findings.")
    ] = CheckFormat.TEXT,
) -> None:
    """Load and check a policy tree with its test suites.

    Exit status: 0 no errors, 1 errors (with --strict: or warnings), 2 could not run.
    """
    if explain is not None:
        print_explanation(explain)
        return

    def once() -> int:
        # Nothing of a tree is garbage until all is told: to look for some takes a third of the
        # time, and so it does at the end.
        gc.disable()
        try:
            report = _checked(paths, config, strict=strict)
            print_report(report, output_format, show_suppressed=show_suppressed)
        finally:
            if not watch:
                gc.freeze()
            gc.enable()
        return report.exit_status

    if not watch:
        raise typer.Exit(once())
    if output_format is not CheckFormat.TEXT:
        raise typer.BadParameter("--watch is for people: `--format text`", param_hint="--format")
    from deemster.cli.watching import watch as run_on_changes

    watched = chosen_paths(paths, settings_in(config))
    run_on_changes([*watched, *([config] if config is not None else [])], once)


def _checked(paths: list[Path] | None, config: Path | None, *, strict: bool) -> CheckReport:
    clock = SystemClock()
    started = clock.monotonic()
    settings = settings_in(config)
    chosen = chosen_paths(paths, settings)
    contents: dict[str, int] = {}
    try:
        loaded = load_chosen_tree(chosen, settings)
    except PolicyError as refused:
        # Here the findings are the answer, not an error.
        found, sources = Review(refused.diagnostics, (), ()), refused.sources
    else:
        found = review(loaded, now=clock.wall())
        contents, sources = _contents(loaded, found), loaded.files.sources()
    failing = (Severity.ERROR, Severity.WARNING) if strict else (Severity.ERROR,)
    return CheckReport(
        paths=tuple(chosen),
        diagnostics=found.diagnostics,
        suppressed=found.suppressed,
        sources=sources,
        contents=contents,
        seconds=clock.monotonic() - started,
        verified=settings is not None,
        exit_status=int(any(each.severity in failing for each in found.diagnostics)),
    )


def _contents(loaded: LoadedTree, found: Review) -> dict[str, int]:
    """How many of what there is."""
    services = loaded.resolved.services
    return {
        "file": len(loaded.tree.documents),
        "API service": len(services),
        "operation": sum(len(service.operations) for service in services),
        "test suite": len(found.suites),
        "test case": sum(len(suite.cases) for suite in found.suites),
    }
