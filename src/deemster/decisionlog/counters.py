"""What the decision log counts: plain integers, because they are touched in every decision."""

from __future__ import annotations

from bisect import bisect_left
from enum import StrEnum

from deemster.model.decision import Reason

__all__ = ["DECISION_BUCKETS_US", "DecisionCounters", "DropCause"]

DECISION_BUCKETS_US = (
    5,
    10,
    25,
    50,
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
)
"""Upper bounds of the histogram of decision times, in microseconds; one more bucket is open."""


class DropCause(StrEnum):
    """Why a record is not in the log."""

    BUFFER_FULL = "buffer-full"
    WRITE_FAILED = "write-failed"
    NOT_MASKED = "not-masked"
    TIMED_OUT = "timed-out"
    SHUTDOWN = "shutdown"


class DecisionCounters:
    """Counts of one process. Read by telemetry, written on the event loop only."""

    __slots__ = ("buckets", "decided", "dropped", "total_us", "written")

    def __init__(self) -> None:
        self.decided: dict[tuple[str, str], int] = {}
        """(outcome, reason) ► how often."""
        self.buckets = [0] * (len(DECISION_BUCKETS_US) + 1)
        self.total_us = 0
        self.dropped: dict[str, int] = dict.fromkeys(DropCause, 0)
        self.written = 0

    def count_decision(self, outcome: str, reason: Reason, elapsed_us: int) -> None:
        """One more decision, and how long it took in microseconds."""
        # `_value_`, not `value`: the latter is a property, and this runs in every decision.
        key = (outcome, reason._value_)
        decided = self.decided
        decided[key] = decided.get(key, 0) + 1
        self.buckets[bisect_left(DECISION_BUCKETS_US, elapsed_us)] += 1
        self.total_us += elapsed_us

    def count_dropped(self, cause: DropCause, records: int = 1) -> None:
        """Records that are lost, and why."""
        self.dropped[cause] += records
