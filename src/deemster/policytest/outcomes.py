"""What came of a test run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from deemster.model.decision import Decision
from deemster.policytest.cases import Suite, SuiteCase
from deemster.policytest.comparison import Mismatch
from deemster.policytest.trace import TraceRow

__all__ = ["CaseOutcome", "CaseResult", "SuiteResult", "TestRun"]


class CaseOutcome(Enum):
    """Failed: the answer is another than expected. Errored: the question could not be asked."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case. `problem` says why it errored or was skipped; `status` is None on a permit.

    `seconds` is how long it took. `decision` holds no token and no trace. `doubt` says why a case
    that passed may not have asked what its author thinks.
    """

    case: SuiteCase
    outcome: CaseOutcome
    mismatches: tuple[Mismatch, ...] = ()
    decision: Decision | None = None
    status: int | None = None
    trace: tuple[TraceRow, ...] = ()
    problem: str | None = None
    seconds: float = 0.0
    doubt: str | None = None

    @property
    def good(self) -> bool:
        """Passed, or skipped by its author."""
        return self.outcome in {CaseOutcome.PASSED, CaseOutcome.SKIPPED}


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One suite, the cases that were run in file order."""

    suite: Suite
    results: tuple[CaseResult, ...]

    @property
    def seconds(self) -> float:
        """Time spent on its cases, in whichever process."""
        return sum(result.seconds for result in self.results)

    def count(self, outcome: CaseOutcome) -> int:
        """How many cases ended so."""
        return sum(result.outcome is outcome for result in self.results)


@dataclass(frozen=True, slots=True)
class TestRun:
    """All suites in the order of their files."""

    __test__ = False  # not one of pytest's

    suites: tuple[SuiteResult, ...]
    not_run: int = 0
    """Cases after the first that failed, where the run was to end there."""

    @property
    def results(self) -> Iterator[CaseResult]:
        """Of all suites."""
        return (result for suite in self.suites for result in suite.results)

    @property
    def counts(self) -> Counter[CaseOutcome]:
        """Cases by outcome."""
        return Counter(result.outcome for result in self.results)

    @property
    def exit_status(self) -> int:
        """0 all passed (or skipped), 1 something failed, 2 something could not be run."""
        counts = self.counts
        if counts[CaseOutcome.ERRORED]:
            return 2
        return 1 if counts[CaseOutcome.FAILED] else 0
