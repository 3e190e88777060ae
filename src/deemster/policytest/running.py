"""Runs suites in this process, or over several: results are the same, and in the same order."""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

from deemster.policytest.cases import Suite
from deemster.policytest.coverage.counting import Counts, CoverageCounter
from deemster.policytest.outcomes import CaseResult, SuiteResult, TestRun
from deemster.policytest.runner import SuiteRunner

__all__ = ["Workplace", "fitting_jobs", "run_suites"]

_FEWEST = 1_000
"""Cases for which another process is worth its start: half a second's work."""

_SHARES = 4
"""Parts for each process, so that none waits long for the others at the end."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """All that a process needs to run any part of `suites`. `counter` is the runner's own."""

    suites: tuple[Suite, ...]
    runner: SuiteRunner
    counter: CoverageCounter | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """Cases `start` to `stop` of one suite, by number."""

    suite: int
    start: int
    stop: int


_Heard = Callable[[CaseResult], None]


def fitting_jobs(cases: int, processors: int) -> int:
    """How many processes pay off."""
    return max(1, min(processors, cases // _FEWEST))


def run_suites(
    workplace: Workplace,
    open_workplace: Callable[[], Workplace],
    *,
    jobs: int = 1,
    exit_first: bool = False,
    heard: _Heard = lambda result: None,
) -> tuple[TestRun, Counts]:
    """Every case; with `exit_first` up to the first in order that is not good.

    `heard` is told each result, in order. `open_workplace` makes the workplace once more, in a
    process that has not inherited this one's; it must be picklable.
    """
    parts = list(_parts(workplace.suites, jobs))
    results: list[list[CaseResult]] = [[] for _ in workplace.suites]
    counts: Counts = Counter()
    produced = (
        _here(workplace, parts, exit_first=exit_first)
        if jobs == 1
        else _elsewhere(workplace, open_workplace, parts, jobs, exit_first=exit_first)
    )
    for part, found, counted in produced:
        results[part.suite].extend(found)
        counts.update(counted)
        for result in found:
            heard(result)
        if exit_first and found and not found[-1].good:
            break
    produced.close()
    ran = tuple(
        SuiteResult(suite, tuple(found))
        for suite, found in zip(workplace.suites, results, strict=True)
        if found or not suite.cases
    )
    asked = sum(len(suite.cases) for suite in workplace.suites)
    return TestRun(ran, asked - sum(map(len, results))), counts


_Production = Generator[tuple[_Part, list[CaseResult], Counts], None, None]


def _parts(suites: Sequence[Suite], jobs: int) -> Iterator[_Part]:
    total = sum(len(suite.cases) for suite in suites)
    size = max(1, -(-total // (jobs * _SHARES))) if jobs > 1 else max(1, total)
    for number, suite in enumerate(suites):
        for start in range(0, len(suite.cases), size):
            yield _Part(number, start, min(start + size, len(suite.cases)))


def _here(workplace: Workplace, parts: Sequence[_Part], *, exit_first: bool) -> _Production:
    for part in parts:
        yield part, *_run_part(workplace, part, exit_first=exit_first)


def _run_part(
    workplace: Workplace, part: _Part, *, exit_first: bool
) -> tuple[list[CaseResult], Counts]:
    suite = workplace.suites[part.suite]
    cases = suite.cases[part.start : part.stop]
    found = asyncio.run(workplace.runner.run_cases(suite, cases, exit_first=exit_first))
    return found, workplace.counter.take() if workplace.counter is not None else Counter()


# --- other processes ----------------------------------------------------------------------------

_inherited: Workplace | None = None
"""What a forked process finds ready; it costs nothing to hand on."""


def _elsewhere(
    workplace: Workplace,
    open_workplace: Callable[[], Workplace],
    parts: Sequence[_Part],
    jobs: int,
    *,
    exit_first: bool,
) -> _Production:
    global _inherited
    forks = sys.platform == "linux"
    context = multiprocessing.get_context("fork" if forks else "spawn")
    _inherited = workplace if forks else None
    try:
        pool = ProcessPoolExecutor(
            min(jobs, len(parts)), context, initializer=_settle, initargs=(open_workplace,)
        )
        try:
            waiting: list[Future[tuple[list[CaseResult], Counts]]] = [
                pool.submit(_run_inherited, part, exit_first) for part in parts
            ]
            for part, answer in zip(parts, waiting, strict=True):
                yield part, *answer.result()
        finally:
            # Waited for: a pool that is still closing when the interpreter ends complains.
            pool.shutdown(wait=True, cancel_futures=True)
    finally:
        _inherited = None


def _settle(open_workplace: Callable[[], Workplace]) -> None:
    global _inherited
    if _inherited is None:
        _inherited = open_workplace()


def _run_inherited(part: _Part, exit_first: bool) -> tuple[list[CaseResult], Counts]:  # noqa: FBT001
    if _inherited is None:
        raise RuntimeError("the process has no workplace")
    return _run_part(_inherited, part, exit_first=exit_first)
