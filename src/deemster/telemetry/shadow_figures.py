"""What a tree beside the live one would have said, as metrics."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from deemster.decisions.shadow import ShadowCounters

__all__ = ["shadow_families"]


def shadow_families(counters: ShadowCounters) -> Iterable[Metric]:
    """Of one process; all zero where there is no such tree."""
    decided = CounterMetricFamily(
        "deemster_shadow_decisions",
        "Calls that were decided again by the tree of `policies.shadow`, by what came of it.",
        labels=["result"],
    )
    for result, count in counters.results.items():
        decided.add_metric([str(result)], count)
    left = CounterMetricFamily(
        "deemster_shadow_left",
        "Calls of the share that were not decided again by it, and why.",
        labels=["cause"],
    )
    for cause, count in counters.left.items():
        left.add_metric([str(cause)], count)
    yield from (decided, left)
    yield GaugeMetricFamily(
        "deemster_shadow_loaded",
        "1 while there is a tree of `policies.shadow` that could be loaded.",
        value=float(counters.revision is not None),
    )
