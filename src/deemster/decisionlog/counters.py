"""What the decision log counts: plain integers, because they are touched in every decision."""

from __future__ import annotations

from bisect import bisect_left
from enum import StrEnum

from deemster.model.decision import Reason

__all__ = [
    "DECISION_BUCKETS_US",
    "MOST_SERIES",
    "DecisionCounters",
    "DropCause",
    "SinkCounters",
]

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


MOST_SERIES = 10_000
"""Label sets of decisions, but for those without a service."""


class DropCause(StrEnum):
    """Why a record is not in the log."""

    BUFFER_FULL = "buffer-full"
    WRITE_FAILED = "write-failed"
    NOT_MASKED = "not-masked"
    TIMED_OUT = "timed-out"
    REJECTED = "rejected"
    UNDELIVERED = "undelivered"
    SHUTDOWN = "shutdown"


class SinkCounters:
    """What became of the records that one sink was given.

    INVARIANT: `accepted` is `written` and all of `dropped` and what the sink holds.
    """

    __slots__ = ("accepted", "dropped", "late", "written")

    def __init__(self) -> None:
        self.accepted = 0
        """Records that the sink was given."""
        self.written = 0
        self.late = 0
        """Records whose answer became a deny before the sink was done with them; they are
        counted as written or dropped as well."""
        # INVARIANT: one that cannot be masked is given to no sink.
        self.dropped: dict[str, int] = {
            cause: 0 for cause in DropCause if cause is not DropCause.NOT_MASKED
        }

    def count_dropped(self, cause: DropCause, records: int = 1) -> None:
        """Records that are lost, and why."""
        self.dropped[cause] += records

    @property
    def held(self) -> int:
        """Records that are neither written nor lost yet."""
        return self.accepted - self.written - sum(self.dropped.values())


class DecisionCounters:
    """Counts of one process. Read by telemetry, written on the event loop only."""

    __slots__ = ("buckets", "decided", "not_masked", "sinks", "total_us")

    def __init__(self) -> None:
        self.decided: dict[tuple[str, str, str, str], int] = {}
        """(protocol, API service or "", outcome, reason) ► how often."""
        self.buckets = [0] * (len(DECISION_BUCKETS_US) + 1)
        self.total_us = 0
        self.not_masked = 0
        """Records that no sink was given, because they could not be masked."""
        self.sinks: dict[str, SinkCounters] = {}
        """By the sink's label: a closed list, made of the settings."""

    def count_decision(
        self, protocol: str, service: str, outcome: str, reason: Reason, elapsed_us: int
    ) -> None:
        """One more decision, and how long it took in microseconds; `service` "": there is none."""
        # `_value_`, not `value`: the latter is a property, and this runs in every decision.
        key = (protocol, service, outcome, reason._value_)
        decided = self.decided
        count = decided.get(key, 0)
        if not count and len(decided) >= MOST_SERIES:
            # Trees come and go in a long life: what there is no room for has no service.
            key = (protocol, "", outcome, reason._value_)
            count = decided.get(key, 0)
        decided[key] = count + 1
        self.buckets[bisect_left(DECISION_BUCKETS_US, elapsed_us)] += 1
        self.total_us += elapsed_us

    def of_sink(self, label: str) -> SinkCounters:
        """Its counters, made at the first asking."""
        return self.sinks.setdefault(label, SinkCounters())

    @property
    def written(self) -> int:
        """Records written, by all sinks."""
        return sum([sink.written for sink in self.sinks.values()])

    @property
    def dropped(self) -> dict[str, int]:
        """Records lost, by cause, of all sinks; all causes are there."""
        found: dict[str, int] = {DropCause.NOT_MASKED: self.not_masked}
        for cause in DropCause:
            if cause is not DropCause.NOT_MASKED:
                found[cause] = sum([sink.dropped[cause] for sink in self.sinks.values()])
        return found
