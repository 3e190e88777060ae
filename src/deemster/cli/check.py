"""`deemster check`: load a policy tree and say everything that is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.arguments import ConfigOption, FormatOption, PathsArgument
from deemster.cli.output import OutputFormat, colour_on, print_json
from deemster.cli.trees import chosen_paths, load_chosen_tree, settings_in
from deemster.errors import PolicyError
from deemster.model.clock import SystemClock
from deemster.policy.diagnostics import DiagnosticSet, DiagnosticSink
from deemster.policy.loading import LoadedTree
from deemster.policy.rendering import render_text, summary, to_json
from deemster.policytest.gathering import gather_suites

__all__ = ["check"]

_UNVERIFIED = "without --config the ids and types of token providers were not compared"


def check(
    paths: PathsArgument = None,
    config: ConfigOption = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file changes, until Ctrl-C.")
    ] = False,
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Load and check a policy tree with its test suites.

    Exit status: 0 no errors, 1 errors, 2 could not run.
    """
    if not watch:
        raise typer.Exit(_check(paths, config, output_format))
    if output_format is not OutputFormat.TEXT:
        raise typer.BadParameter("--watch is for people: `--format text`", param_hint="--format")
    from deemster.cli.watching import watch as run_on_changes

    watched = chosen_paths(paths, settings_in(config))
    run_on_changes(
        [*watched, *([config] if config is not None else [])],
        lambda: _check(paths, config, output_format),
    )


def _check(paths: list[Path] | None, config: Path | None, output_format: OutputFormat) -> int:
    """Print everything once; the exit status."""
    clock = SystemClock()
    started = clock.monotonic()
    settings = settings_in(config)
    chosen = chosen_paths(paths, settings)
    contents: dict[str, int] = {}
    try:
        loaded = load_chosen_tree(chosen, settings)
    except PolicyError as refused:
        # Here the findings are the answer, not an error.
        diagnostics, sources = refused.diagnostics, refused.sources
    else:
        diagnostics, contents = _with_suites(loaded, clock.wall())
        sources = loaded.files.sources()
    seconds = clock.monotonic() - started
    if output_format is OutputFormat.JSON:
        _print_json(diagnostics, contents, seconds, verified=settings is not None)
    else:
        sys.stdout.write(render_text(diagnostics, sources, colour=colour_on(sys.stdout)))
        sys.stdout.write(_summary_line(chosen, diagnostics, contents, seconds))
        if settings is None:
            sys.stdout.write(f"note: {_UNVERIFIED}\n")
    return 1 if diagnostics.errors else 0


def _with_suites(loaded: LoadedTree, now: float) -> tuple[DiagnosticSet, dict[str, int]]:
    """All findings, and how many of what there is."""
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=now)
    services = loaded.snapshot.services.values()
    contents = {
        "file": len(loaded.tree.documents),
        "API service": len(services),
        "operation": sum(len(service.by_id) for service in services),
        "test suite": len(suites),
        "test case": sum(len(suite.cases) for suite in suites),
    }
    return DiagnosticSet([*loaded.diagnostics, *sink.finish()]), contents


def _summary_line(
    paths: list[Path], diagnostics: DiagnosticSet, contents: Mapping[str, int], seconds: float
) -> str:
    listing = ", ".join(
        f"{count} {what}{'' if count == 1 else 's'}" for what, count in contents.items()
    )
    shown = " ".join(str(path) for path in paths)
    of_what = f" ({listing})" if listing else ""
    return f"{shown}{of_what}: {summary(diagnostics)} in {seconds:.2f} s\n"


def _print_json(
    diagnostics: DiagnosticSet, contents: Mapping[str, int], seconds: float, *, verified: bool
) -> None:
    print_json(
        {
            "diagnostics": to_json(diagnostics),
            "errors": len(diagnostics.errors),
            "contents": {
                what.replace(" ", "-").lower() + "s": count for what, count in contents.items()
            },
            "seconds": round(seconds, 3),
            "providersVerified": verified,
            "exitStatus": 1 if diagnostics.errors else 0,
        }
    )
