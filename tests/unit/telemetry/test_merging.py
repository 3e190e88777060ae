"""Figures of several workers as those of one service."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from deemster.model.decision import Reason
from deemster.telemetry.merging import MergedFamilies, told_families
from deemster.telemetry.metrics import ServiceFigures, register_figures


def a_worker(permits: int = 0, connections: int = 0) -> CollectorRegistry:
    figures = ServiceFigures()
    for _ in range(permits):
        figures.decisions.count_decision("sideband", "orders", "permit", Reason.PERMITTED, 100)
    figures.connections.open = connections
    figures.policies.succeeded = 7
    registry = CollectorRegistry(auto_describe=False)
    register_figures(registry, figures, "1")
    return registry


def shown(merged: MergedFamilies) -> dict[str, float]:
    class Collector:
        def collect(self) -> object:
            return merged.families()

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())  # type: ignore[arg-type]
    lines = generate_latest(registry).decode().splitlines()
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in lines
        if not line.startswith("#")
    }


PERMITS = (
    'deemster_decisions_total{api_service="orders",outcome="permit",protocol="sideband",'
    'reason="permitted"}'
)


def test_counters_and_histograms_of_workers_are_added_up() -> None:
    merged = MergedFamilies()
    merged.tell(1, told_families(a_worker(permits=3, connections=2)))
    merged.tell(2, told_families(a_worker(permits=4, connections=5)))
    found = shown(merged)
    assert found[PERMITS] == 7
    assert found["deemster_decision_seconds_count"] == 7
    assert found["deemster_connections"] == 7


def test_what_a_worker_tells_replaces_what_it_told_before() -> None:
    merged = MergedFamilies()
    merged.tell(1, told_families(a_worker(permits=3)))
    merged.tell(1, told_families(a_worker(permits=5)))
    assert shown(merged)[PERMITS] == 5


def test_what_a_dead_worker_counted_stays_and_its_connections_do_not() -> None:
    merged = MergedFamilies()
    merged.tell(1, told_families(a_worker(permits=3, connections=2)))
    merged.bury(1)
    merged.tell(1, told_families(a_worker(permits=1, connections=1)))
    merged.bury(1)
    merged.bury(2)  # one that never told anything
    found = shown(merged)
    assert found[PERMITS] == 4
    assert "deemster_connections" not in found


def test_what_is_the_services_own_is_not_told_by_workers() -> None:
    names = {family["name"] for family in told_families(a_worker())}
    assert "deemster_reloads" not in names
    assert not any(name.startswith("process_") for name in names)
