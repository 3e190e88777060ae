"""`deemster test`: run the policy tests of a tree."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.arguments import ConfigOption, FormatOption, PathsArgument
from deemster.cli.output import OutputFormat, colour_on, print_json
from deemster.cli.profiles import provider_profiles
from deemster.cli.trees import chosen_paths, load_chosen_tree, settings_in
from deemster.errors import ConfigurationError, PolicyError
from deemster.gateways.answers import refusal_of
from deemster.model.clock import SystemClock
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import LoadedTree
from deemster.policy.rendering import render_text
from deemster.policytest.cases import Suite
from deemster.policytest.gathering import gather_suites
from deemster.policytest.junit import junit_report
from deemster.policytest.reports import json_report, text_report
from deemster.policytest.runner import SuiteRunner

__all__ = ["run_tests"]


def run_tests(
    paths: PathsArgument = None,
    config: ConfigOption = None,
    report: Annotated[
        list[str] | None,
        typer.Option("--report", metavar="junit=FILE", help="Write a report for a CI server."),
    ] = None,
    coverage: Annotated[str | None, typer.Option("--coverage", hidden=True)] = None,
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Run the policy tests of a tree on the service's own path, with throw-away keys.

    Exit status: 0 all passed, 1 failed, 2 could not run.
    """
    if coverage is not None:
        raise typer.BadParameter("not supported yet", param_hint="--coverage")
    files = [_junit_file(text) for text in report or ()]
    clock = SystemClock()
    settings = settings_in(config)
    chosen = chosen_paths(paths, settings)
    loaded = load_chosen_tree(chosen, settings)
    suites = _suites(loaded, clock.wall())
    if not suites:
        shown = ", ".join(f"`{path}`" for path in chosen)
        raise ConfigurationError(f"there is no PolicyTest under {shown}")
    started = clock.monotonic()
    runner = SuiteRunner(
        loaded,
        status_of=lambda decision: refusal_of(decision).status,
        stopwatch=clock,
        profiles=provider_profiles(loaded, settings),
    )
    run = asyncio.run(runner.run(suites))
    seconds = clock.monotonic() - started
    for file in files:
        file.write_text(junit_report(run, seconds=seconds), encoding="utf-8")
    if output_format is OutputFormat.JSON:
        print_json(json_report(run))
    else:
        sys.stdout.write(text_report(run, seconds=seconds, colour=colour_on(sys.stdout)))
    raise typer.Exit(run.exit_status)


def _suites(loaded: LoadedTree, now: float) -> tuple[Suite, ...]:
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=int(now))
    diagnostics = sink.finish()
    sources = loaded.files.sources()
    if diagnostics.errors:
        raise PolicyError(
            "the test suites cannot be used", diagnostics=diagnostics, sources=sources
        )
    sys.stderr.write(render_text(diagnostics, sources, colour=colour_on(sys.stderr)))
    return suites


def _junit_file(text: str) -> Path:
    kind, equals, file = text.partition("=")
    if kind != "junit" or not equals or not file:
        raise typer.BadParameter(f"`{text}` is not `junit=FILE`", param_hint="--report")
    return Path(file)
