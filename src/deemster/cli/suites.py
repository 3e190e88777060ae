"""From the command line to suites that are ready to run."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from deemster.cli.output import colour_on
from deemster.cli.profiles import provider_profiles
from deemster.cli.trees import chosen_paths, load_chosen_tree, settings_in
from deemster.errors import ConfigurationError, PolicyError
from deemster.gateways.answers import refusal_of
from deemster.model.clock import SystemClock
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import LoadedTree
from deemster.policy.rendering import render_text
from deemster.policytest.cases import Suite
from deemster.policytest.coverage.counting import CoverageCounter
from deemster.policytest.coverage.plan import Plan
from deemster.policytest.gathering import gather_suites
from deemster.policytest.runner import SuiteRunner
from deemster.policytest.running import Workplace
from deemster.policytest.selection import parse_selection, selected
from deemster.policytest.written import WrittenTerms

__all__ = ["Asked", "OpenedSuites", "open_suites", "watched_paths"]

_KIND = re.compile(rb"^kind:[ \t]*[\"']?([A-Za-z]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to run, as the command line has it. `now` is the time of suites that say none."""

    paths: tuple[Path, ...]
    tree: Path | None
    config: Path | None
    selection: str | None
    covering: bool
    now: int

    def open(self) -> Workplace:
        """The same in another process."""
        return open_suites(self).workplace


@dataclass(frozen=True, slots=True)
class OpenedSuites:
    """A loaded tree, and the suites of it that were asked for; the `plan` where they cover it."""

    loaded: LoadedTree
    workplace: Workplace
    plan: Plan | None
    deselected: int


def open_suites(asked: Asked, *, told: bool = False) -> OpenedSuites:
    """Raises PolicyError and ConfigurationError; warnings go to stderr if they are to be `told`."""
    settings = settings_in(asked.config)
    tree, chosen = _tree_and_choice(asked, settings.policies.path if settings else None)
    loaded = load_chosen_tree(tree, settings)
    gathered = _gathered(loaded, asked.now, told=told)
    suites = _within(gathered, chosen)
    if not suites:
        shown = ", ".join(f"`{path}`" for path in chosen or tree)
        raise ConfigurationError(f"there is no PolicyTest under {shown}")
    wanted = suites
    if asked.selection is not None:
        wanted = selected(suites, parse_selection(asked.selection))
        if not wanted:
            raise ConfigurationError(f"no case matches `{asked.selection}`")
    plan = None
    if asked.covering:
        plan = Plan(loaded.resolved, WrittenTerms(loaded.files.sources()))
    counter = CoverageCounter(plan) if plan is not None else None
    runner = SuiteRunner(
        loaded,
        status_of=lambda decision: refusal_of(decision).status,
        stopwatch=SystemClock(),
        profiles=provider_profiles(loaded, settings),
        counter=counter,
    )
    deselected = _number(suites) - _number(wanted)
    return OpenedSuites(loaded, Workplace(wanted, runner, counter), plan, deselected)


def watched_paths(asked: Asked) -> list[Path]:
    """What a change of makes another run worth while."""
    settings = settings_in(asked.config)
    tree, _ = _tree_and_choice(asked, settings.policies.path if settings else None)
    return [*tree, *([asked.config] if asked.config is not None else [])]


def _number(suites: Sequence[Suite]) -> int:
    return sum(len(suite.cases) for suite in suites)


def _gathered(loaded: LoadedTree, now: int, *, told: bool) -> tuple[Suite, ...]:
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=now)
    diagnostics = sink.finish()
    sources = loaded.files.sources()
    if diagnostics.errors:
        raise PolicyError(
            "the test suites cannot be used", diagnostics=diagnostics, sources=sources
        )
    if told:
        sys.stderr.write(render_text(diagnostics, sources, colour=colour_on(sys.stderr)))
    return suites


# --- which tree, and which of its suites --------------------------------------------------------


def _tree_and_choice(asked: Asked, configured: Path | None) -> tuple[list[Path], list[Path]]:
    """(the tree's paths, the suites' paths); no suites' paths means all suites.

    A tree is always loaded whole. Paths with anything but policy tests in them are the tree;
    paths of policy tests alone choose among those of the tree around them.
    """
    if asked.tree is not None and not asked.tree.exists():
        raise typer.BadParameter(f"`{asked.tree}` does not exist", param_hint="--tree")
    given = chosen_paths(list(asked.paths), None) if asked.paths else []
    if not given or (asked.tree is None and not _only_suites(given)):
        return given or [asked.tree or configured or Path("policies")], []
    tree = asked.tree or configured or Path("policies")
    for path in given:
        if not path.resolve().is_relative_to(tree.resolve()):
            raise typer.BadParameter(
                f"`{path}` holds policy tests only and lies outside of `{tree}`: "
                "name the tree they belong to by --tree",
                param_hint="PATHS",
            )
    return [tree], given


def _only_suites(paths: Sequence[Path]) -> bool:
    """Whether every policy document at or below the paths is a PolicyTest."""
    kinds = set()
    for path in paths:
        for file in sorted(path.rglob("*.yaml")) if path.is_dir() else [path]:
            found = _KIND.search(file.read_bytes()[:4096]) if file.is_file() else None
            kinds.add(found[1] if found is not None else b"")
    return kinds == {b"PolicyTest"}


def _within(suites: Sequence[Suite], chosen: Sequence[Path]) -> tuple[Suite, ...]:
    if not chosen:
        return tuple(suites)
    places = [path.resolve() for path in chosen]
    return tuple(
        suite
        for suite in suites
        if any(Path(suite.span.file).resolve().is_relative_to(place) for place in places)
    )
