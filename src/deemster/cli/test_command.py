"""One run of `deemster test`: run, print, write reports, say how it ended."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from deemster.cli.output import colour_on, print_json
from deemster.cli.processors import usable_processors
from deemster.cli.progress import progress_of
from deemster.cli.suites import Asked, OpenedSuites, open_suites
from deemster.cli.wanted_reports import FinishedRun, WantedReports
from deemster.model.clock import SystemClock
from deemster.policytest.coverage.summary import Coverage, coverage_of
from deemster.policytest.coverage.text import coverage_text
from deemster.policytest.github import workflow_commands
from deemster.policytest.paint import Paint
from deemster.policytest.reports import json_report, slowest_text, text_report
from deemster.policytest.running import fitting_jobs, run_suites

__all__ = ["TestCommand", "TestFormat"]


class TestFormat(Enum):
    """`--format`"""

    __test__ = False  # not one of pytest's

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCommand:
    """Options of the command, checked. `jobs` None lets the number of cases decide.

    `minimum` is in percent; None asks for no coverage.
    """

    __test__ = False  # not one of pytest's

    asked: Asked
    jobs: int | None
    exit_first: bool
    minimum: float | None
    durations: int
    reports: WantedReports
    output_format: TestFormat

    def run(self) -> int:
        """The exit status. Raises PolicyError, ConfigurationError, OSError."""
        clock = SystemClock()
        opened = open_suites(self.asked, told=True)
        started = clock.monotonic()
        finished = self._finished(opened, clock, started)
        enough = self._enough(finished.coverage)
        self.reports.write(finished)
        self._print(finished, opened, enough=enough)
        status = finished.run.exit_status
        return status or (0 if enough else 1)

    def _finished(self, opened: OpenedSuites, clock: SystemClock, started: float) -> FinishedRun:
        workplace = opened.workplace
        cases = sum(len(suite.cases) for suite in workplace.suites)
        jobs = self.jobs or fitting_jobs(cases, usable_processors())
        with progress_of(cases) as advance:
            run, counts = run_suites(
                workplace,
                self.asked.open,
                jobs=jobs,
                exit_first=self.exit_first,
                heard=lambda result: advance(),
            )
        return FinishedRun(
            run=run,
            seconds=clock.monotonic() - started,
            coverage=coverage_of(opened.plan, counts) if opened.plan is not None else None,
            sources=opened.loaded.files.sources(),
        )

    def _enough(self, coverage: Coverage | None) -> bool:
        """Whether as much is covered as must be."""
        if coverage is None or self.minimum is None:
            return True
        return coverage.total.reaches(self.minimum)

    def _print(self, finished: FinishedRun, opened: OpenedSuites, *, enough: bool) -> None:
        run, coverage = finished.run, finished.coverage
        if self.output_format is TestFormat.JSON:
            report = json_report(run, coverage)
            if not enough:
                report["exitStatus"] = report["exitStatus"] or 1
            print_json(report)
            return
        if self.output_format is TestFormat.GITHUB or self.reports.annotations:
            sys.stdout.write(
                workflow_commands(run, coverage, enough=enough, folder=str(Path.cwd()))
            )
        colour = colour_on(sys.stdout)
        if self.output_format is TestFormat.TEXT:
            sys.stdout.write(
                text_report(
                    run, seconds=finished.seconds, deselected=opened.deselected, colour=colour
                )
            )
        paint = Paint(enabled=colour)
        sys.stdout.write(slowest_text(run, self.durations))
        if coverage is not None and self.minimum is not None:
            sys.stdout.write(coverage_text(coverage, paint=paint))
            sys.stdout.writelines(self._verdict(coverage, enough=enough))

    def _verdict(self, coverage: Coverage, *, enough: bool) -> Iterator[str]:
        if not enough:
            lacking = len(coverage.missing())
            parts = "1 part" if lacking == 1 else f"{lacking} parts"
            yield (
                f"coverage is {coverage.total}, less than {self.minimum:g} %: "
                f"{parts} listed above lack a case\n"
            )
