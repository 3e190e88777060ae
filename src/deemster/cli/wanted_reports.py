"""`--report kind=FILE`: which reports of a test run are wanted, and writing them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from deemster.policytest.coverage.as_json import coverage_json
from deemster.policytest.coverage.html import html_report
from deemster.policytest.coverage.lcov import lcov_report
from deemster.policytest.coverage.summary import Coverage
from deemster.policytest.junit import junit_report
from deemster.policytest.outcomes import TestRun
from deemster.policytest.reports import json_report

__all__ = ["FinishedRun", "WantedReports"]

_COVERAGE = frozenset({"coverage", "lcov", "html"})
_ANNOTATIONS = "github"


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """All that reports tell of. `sources` are texts of the tree's files by path as shown."""

    run: TestRun
    seconds: float
    coverage: Coverage | None
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WantedReports:
    """`files` are (kind, file); `annotations` says that annotations go to stdout too."""

    files: tuple[tuple[str, Path], ...]
    annotations: bool

    @classmethod
    def parse(cls, texts: Iterable[str]) -> WantedReports:
        """Raises typer.BadParameter."""
        files = []
        annotations = False
        for text in texts:
            kind, equals, file = text.partition("=")
            if kind == _ANNOTATIONS and not equals:
                annotations = True
            elif kind in _WRITERS and file:
                files.append((kind, Path(file)))
            else:
                known = ", ".join(f"`{word}=FILE`" for word in _WRITERS)
                raise typer.BadParameter(
                    f"`{text}` is not one of {known}, `{_ANNOTATIONS}`", param_hint="--report"
                )
        return cls(tuple(files), annotations)

    @property
    def need_coverage(self) -> bool:
        """Whether one of them tells of coverage."""
        return any(kind in _COVERAGE for kind, _ in self.files)

    def write(self, finished: FinishedRun) -> None:
        """Raises OSError."""
        for kind, file in self.files:
            place = _inside(file) if kind == "html" else file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_WRITERS[kind](finished), encoding="utf-8")


def _inside(place: Path) -> Path:
    """`html=FOLDER` is a page in that folder."""
    return place if place.suffix and not place.is_dir() else place / "index.html"


def _covered(finished: FinishedRun) -> Coverage:
    if finished.coverage is None:
        raise RuntimeError("coverage was not counted")
    return finished.coverage


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


_WRITERS: Mapping[str, Callable[[FinishedRun], str]] = {
    "junit": lambda finished: junit_report(finished.run, seconds=finished.seconds),
    "json": lambda finished: _json(json_report(finished.run, finished.coverage)),
    "coverage": lambda finished: _json(coverage_json(_covered(finished))),
    "lcov": lambda finished: lcov_report(_covered(finished)),
    "html": lambda finished: html_report(_covered(finished), finished.sources),
}
