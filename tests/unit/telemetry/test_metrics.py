"""Figures reach Prometheus as they were counted, without user data."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from deemster.decisionlog.counters import DECISION_BUCKETS_US, DropCause
from deemster.model.decision import Reason
from deemster.telemetry.metrics import CloseCause, ServiceFigures, register_figures


def scraped(figures: ServiceFigures) -> dict[str, float]:
    registry = CollectorRegistry()
    register_figures(registry, figures, "1.2.3")
    lines = generate_latest(registry).decode().splitlines()
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    }


def test_decisions_are_told_by_outcome_and_reason() -> None:
    figures = ServiceFigures()
    for _ in range(3):
        figures.decisions.count_decision("sideband", "orders", "permit", Reason.PERMITTED, 12)
    figures.decisions.count_decision("sideband", "orders", "error", Reason.OVERLOADED, 2_000_000)
    found = scraped(figures)
    assert (
        found[
            'deemster_decisions_total{api_service="orders",outcome="permit",protocol="sideband",reason="permitted"}'
        ]
        == 3
    )
    assert (
        found[
            'deemster_decisions_total{api_service="orders",outcome="error",protocol="sideband",reason="overloaded"}'
        ]
        == 1
    )


@pytest.mark.parametrize(
    ("elapsed_us", "bound"),
    [(0, 5), (5, 5), (6, 10), (999_999, 1_000_000), (1_000_000, 1_000_000), (1_000_001, None)],
)
def test_a_time_is_counted_in_the_smallest_bucket_that_holds_it(
    elapsed_us: int, bound: int | None
) -> None:
    figures = ServiceFigures()
    figures.decisions.count_decision("sideband", "orders", "permit", Reason.PERMITTED, elapsed_us)
    found = scraped(figures)
    counts = [
        found[f'deemster_decision_seconds_bucket{{le="{upper / 1e6}"}}']
        for upper in DECISION_BUCKETS_US
    ]
    assert counts == [float(bound is not None and upper >= bound) for upper in DECISION_BUCKETS_US]
    assert found['deemster_decision_seconds_bucket{le="+Inf"}'] == 1
    assert found["deemster_decision_seconds_sum"] == elapsed_us / 1e6


def test_losses_refusals_and_state_are_told() -> None:
    figures = ServiceFigures()
    sink = figures.decisions.of_sink("http")
    sink.count_dropped(DropCause.BUFFER_FULL, 4)
    sink.accepted, sink.written = 13, 7
    figures.decisions.not_masked = 1
    figures.connections.open = 2
    figures.connections.count_closed(CloseCause.HEADER_TIME)
    figures.refused_calls["sideband", "malformed"] = 5
    figures.insecure = ("plaintextBehind",)
    figures.policies.degraded = True
    figures.policies.failed["self-test"] = 1
    figures.faults = 3
    found = scraped(figures)
    assert found['deemster_decision_log_dropped_total{cause="buffer-full",sink="http"}'] == 4
    assert found['deemster_decision_log_dropped_total{cause="not-masked",sink="none"}'] == 1
    assert found['deemster_decision_log_written_total{sink="http"}'] == 7
    assert found['deemster_decision_log_held{sink="http"}'] == 2
    assert found["deemster_connections"] == 2
    assert found['deemster_connections_closed_total{cause="header-timeout"}'] == 1
    assert found['deemster_refused_calls_total{cause="malformed",protocol="sideband"}'] == 5
    assert found['deemster_insecure{flag="plaintextBehind"}'] == 1
    assert found['deemster_insecure{flag="insecureDevelopmentKey"}'] == 0
    assert found["deemster_degraded"] == 1
    assert found['deemster_reloads_total{cause="self-test",result="failed"}'] == 1
    assert found['deemster_reloads_total{cause="tampered",result="failed"}'] == 0
    assert found["deemster_faults_total"] == 3
