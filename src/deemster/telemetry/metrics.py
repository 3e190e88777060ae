"""Figures for Prometheus, exported from plain integers so that counting costs next to nothing.

No label ever holds user data (facts/security.md 1.9, L4): outcomes, reasons and causes are
closed lists of our own.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import accumulate
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from deemster.attributesources.counters import FetchCounters
from deemster.decisionlog.counters import DECISION_BUCKETS_US, DecisionCounters, DropCause
from deemster.decisions.shadow import ShadowCounters
from deemster.gateways.credential_use import CredentialUse
from deemster.model.durations import Durations
from deemster.telemetry.dependency_families import DependencyFigures, histogram_of
from deemster.telemetry.policy_figures import PolicyFigures
from deemster.telemetry.shadow_figures import shadow_families
from deemster.telemetry.trace_families import TraceFigures
from deemster.tokens.introspection_counters import IntrospectionCounters

__all__ = ["CloseCause", "ConnectionCounters", "ServiceFigures", "register_figures"]


class CloseCause(StrEnum):
    """Why the decisions listener ended a connection of its own accord."""

    TOO_MANY = "too-many-connections"
    HEADER_TIME = "header-timeout"
    BODY_TIME = "body-timeout"
    IDLE = "idle"
    ANSWER_TIME = "answer-not-read"
    MALFORMED = "malformed"
    HEADERS_TOO_LARGE = "headers-too-large"
    SHUTDOWN = "shutdown"


class ConnectionCounters:
    """Connections of the decisions listener."""

    __slots__ = ("closed", "open")

    def __init__(self) -> None:
        self.open = 0
        self.closed: dict[str, int] = dict.fromkeys(CloseCause, 0)

    def count_closed(self, cause: CloseCause) -> None:
        """One connection that we ended."""
        self.closed[cause] += 1


class SharedStoreFigures(Protocol):
    """What is told of the store that processes share."""

    @property
    def works(self) -> bool:
        """Whether the last call was answered."""
        ...


class RevocationFigures(Protocol):
    """What is told of revocations."""

    @property
    def age(self) -> float | None:
        """Seconds since they were last known to be complete."""
        ...

    def __len__(self) -> int:
        """How many there are."""
        ...


class ServiceFigures:
    """Everything that is counted in this process. `insecure` holds names of flags that are on."""

    __slots__ = (
        "attributes",
        "connections",
        "credentials",
        "decisions",
        "dependencies",
        "faults",
        "insecure",
        "introspections",
        "keys",
        "loop_lag",
        "policies",
        "refused_calls",
        "restart_needed",
        "revocations",
        "shadow",
        "shared",
        "traces",
    )

    def __init__(self) -> None:
        self.decisions = DecisionCounters()
        self.attributes = FetchCounters()
        self.introspections = IntrospectionCounters()
        self.dependencies = DependencyFigures()
        self.loop_lag: Durations | None = None
        """By how much the event loop's timers come late."""
        self.connections = ConnectionCounters()
        self.credentials = CredentialUse()
        self.restart_needed: tuple[str, ...] = ()
        """Names of settings whose change waits for a restart."""
        self.refused_calls: dict[tuple[str, str], int] = {}
        """(protocol, code of the error) ► how often."""
        self.faults = 0
        self.insecure: tuple[str, ...] = ()
        self.keys: dict[str, tuple[int, int]] = {}
        """Token provider ► how many of its published keys are usable, and how many are not."""
        self.policies = PolicyFigures()
        self.shadow = ShadowCounters()
        self.shared: SharedStoreFigures | None = None
        self.traces: TraceFigures | None = None
        self.revocations: RevocationFigures | None = None


def register_figures(registry: CollectorRegistry, figures: ServiceFigures, version: str) -> None:
    """Export `figures`, and the process's own, through `registry`."""
    registry.register(_FiguresCollector(figures, version))
    ProcessCollector(registry=registry)


INSECURE_FLAGS = ("insecureAnonymousGateway", "insecureDevelopmentKey", "plaintextBehind")


class _FiguresCollector(Collector):
    """Reads the integers when somebody scrapes."""

    def __init__(self, figures: ServiceFigures, version: str) -> None:
        self._figures = figures
        self._version = version

    def collect(self) -> Iterable[Metric]:
        """As prometheus_client's Collector says."""
        figures = self._figures
        yield from _decisions(figures.decisions)
        yield from _connections(figures.connections)
        yield from figures.policies.families()
        yield from shadow_families(figures.shadow)
        yield from _settings(figures)
        yield from _calls(figures)
        yield from _attributes(figures.attributes)
        yield from _shared(figures)
        yield from _keys(figures)
        yield from _introspections(figures.introspections)
        yield from figures.dependencies.families()
        if figures.traces is not None:
            yield from figures.traces.families()
        if figures.loop_lag is not None:
            yield histogram_of(
                HistogramMetricFamily(
                    "deemster_loop_lag_seconds",
                    "By how much the event loop's timers come late.",
                    labels=[],
                ),
                [],
                figures.loop_lag,
            )
        insecure = GaugeMetricFamily(
            "deemster_insecure",
            "1 where a setting that is meant for trials is on.",
            labels=["flag"],
        )
        for flag in INSECURE_FLAGS:
            insecure.add_metric([flag], 1.0 if flag in figures.insecure else 0.0)
        yield insecure
        build = GaugeMetricFamily("deemster_build", "Always 1.", labels=["version"])
        build.add_metric([self._version], 1.0)
        yield build


def _decisions(counters: DecisionCounters) -> Iterable[Metric]:
    decided = CounterMetricFamily(
        "deemster_decisions",
        "Decisions, by how it was asked, about which API service, and what came of it.",
        labels=["protocol", "api_service", "outcome", "reason"],
    )
    for labels, count in sorted(counters.decided.items()):
        decided.add_metric(list(labels), count)
    yield decided
    bounds = [str(bound / 1e6) for bound in DECISION_BUCKETS_US] + ["+Inf"]
    yield HistogramMetricFamily(
        "deemster_decision_seconds",
        "From the decoded call to the decision.",
        buckets=list(zip(bounds, accumulate(counters.buckets), strict=True)),
        sum_value=counters.total_us / 1e6,
    )
    yield from _decision_log(counters)


def _decision_log(counters: DecisionCounters) -> Iterable[Metric]:
    dropped = CounterMetricFamily(
        "deemster_decision_log_dropped",
        "Decision records that a sink lost; none was given those that could not be masked.",
        labels=["sink", "cause"],
    )
    written = CounterMetricFamily(
        "deemster_decision_log_written", "Decision records written.", labels=["sink"]
    )
    held = GaugeMetricFamily(
        "deemster_decision_log_held",
        "Decision records that a sink has and has not written yet.",
        labels=["sink"],
    )
    late = CounterMetricFamily(
        "deemster_decision_log_late",
        "Decision records that were written after their decision was answered by a deny.",
        labels=["sink"],
    )
    dropped.add_metric(["none", DropCause.NOT_MASKED.value], counters.not_masked)
    for sink, counted in counters.sinks.items():
        written.add_metric([sink], counted.written)
        held.add_metric([sink], counted.held)
        late.add_metric([sink], counted.late)
        for cause, count in counted.dropped.items():
            dropped.add_metric([sink, str(cause)], count)
    yield from (dropped, written, held, late)


def _connections(counters: ConnectionCounters) -> Iterable[Metric]:
    yield GaugeMetricFamily(
        "deemster_connections", "Open connections of the decisions listener.", value=counters.open
    )
    closed = CounterMetricFamily(
        "deemster_connections_closed",
        "Connections that the decisions listener ended of its own accord.",
        labels=["cause"],
    )
    for cause, count in counters.closed.items():
        closed.add_metric([str(cause)], count)
    yield closed


def _calls(figures: ServiceFigures) -> Iterable[Metric]:
    refused = CounterMetricFamily(
        "deemster_refused_calls",
        "Calls that were answered without a decision.",
        labels=["protocol", "cause"],
    )
    for (protocol, cause), count in sorted(figures.refused_calls.items()):
        refused.add_metric([protocol, cause], count)
    yield refused
    yield CounterMetricFamily(
        "deemster_faults", "Faults of our own; each was a deny.", value=figures.faults
    )


def _attributes(counters: FetchCounters) -> Iterable[Metric]:
    answers = CounterMetricFamily(
        "deemster_attribute_answers",
        "Answers of the sources of attributes, by service or query of the settings.",
        labels=["source", "outcome"],
    )
    for (source, outcome), count in sorted(counters.counts.items()):
        answers.add_metric([source, outcome], count)
    yield answers
    yield GaugeMetricFamily(
        "deemster_attribute_circuits_open",
        "Sources of attributes that are held back because they did not answer lately.",
        value=len(counters.open_circuits),
    )


def _shared(figures: ServiceFigures) -> Iterable[Metric]:
    if figures.shared is not None:
        yield GaugeMetricFamily(
            "deemster_shared_store_up",
            "1 while the store that processes share answers.",
            value=1.0 if figures.shared.works else 0.0,
        )
    mirror = figures.revocations
    if mirror is not None:
        yield GaugeMetricFamily(
            "deemster_revocations", "Revocations that are known.", value=len(mirror)
        )
        if mirror.age is not None:
            yield GaugeMetricFamily(
                "deemster_revocations_age_seconds",
                "Since the store of revocations was last asked with success.",
                value=mirror.age,
            )


def _introspections(counters: IntrospectionCounters) -> Iterable[Metric]:
    answers = CounterMetricFamily(
        "deemster_introspections",
        "Questions about opaque tokens, by token provider of the settings and by their end.",
        labels=["provider", "outcome"],
    )
    for (provider, outcome), count in sorted(counters.counts.items()):
        answers.add_metric([provider, outcome], count)
    yield answers
    yield GaugeMetricFamily(
        "deemster_introspection_circuits_open",
        "Introspection endpoints that are held back because they did not answer lately.",
        value=len(counters.open_circuits),
    )


def _keys(figures: ServiceFigures) -> Iterable[Metric]:
    told = GaugeMetricFamily(
        "deemster_provider_keys",
        "Keys that a token provider publishes, by whether they can be used.",
        labels=["provider", "usable"],
    )
    for provider, (usable, dropped) in sorted(figures.keys.items()):
        told.add_metric([provider, "yes"], usable)
        told.add_metric([provider, "no"], dropped)
    yield told


def _settings(figures: ServiceFigures) -> Iterable[Metric]:
    used = GaugeMetricFamily(
        "deemster_gateway_secret_used_timestamp_seconds",
        "When a secret, certificate or access token of a gateway was last accepted; 0: not yet.",
        labels=["gateway", "secret_id"],
    )
    for (gateway, secret_id), at in figures.credentials.times.items():
        used.add_metric([gateway, secret_id or ""], at)
    yield used
    yield GaugeMetricFamily(
        "deemster_restart_needed",
        "Settings that were changed and are not in force before a restart; `/ready` names them.",
        value=len(figures.restart_needed),
    )
