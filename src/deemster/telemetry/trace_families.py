"""What became of traces, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, Metric

from deemster.decisionlog.counters import DropCause, SinkCounters
from deemster.telemetry.decision_traces import NotTraced

__all__ = ["TraceFigures"]

# Nobody waits for a trace.
_NEVER = frozenset({DropCause.TIMED_OUT, DropCause.NOT_MASKED})


class TraceFigures:
    """Of a service that traces. `not_traced` counts what was lost before it was to be sent."""

    __slots__ = ("not_traced", "sink")

    def __init__(self, sink: SinkCounters, not_traced: Mapping[NotTraced, int]) -> None:
        self.sink = sink
        self.not_traced = not_traced

    def families(self) -> Iterable[Metric]:
        """As prometheus_client has them."""
        yield CounterMetricFamily(
            "deemster_traces_sent",
            "Traces of decisions that a collector took.",
            value=self.sink.written,
        )
        dropped = CounterMetricFamily(
            "deemster_traces_dropped", "Traces of decisions that were lost.", labels=["cause"]
        )
        for cause, count in self.sink.dropped.items():
            if cause not in _NEVER:
                dropped.add_metric([str(cause)], count)
        for why, count in self.not_traced.items():
            dropped.add_metric([str(why)], count)
        yield dropped
