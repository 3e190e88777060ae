"""What decisions rest on, for Prometheus: stages, caches, keys, directories, circuits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Protocol

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from deemster.decisions.stages import Stage, StageFigures
from deemster.model.durations import Durations
from deemster.usercontext.counters import DirectoryCounters

__all__ = ["CountedCache", "DependencyFigures", "FetchedKeySet", "histogram_of"]


class CountedCache(Protocol):
    """A cache that counts how often it helped."""

    @property
    def hits(self) -> int:
        """Lookups that found something."""
        ...

    @property
    def misses(self) -> int:
        """Lookups that did not."""
        ...

    def __len__(self) -> int:
        """Entries."""
        ...


class FetchedKeySet(Protocol):
    """Keys that a token provider publishes."""

    @property
    def age(self) -> float | None:
        """Seconds since they were last fetched with success; None: never."""
        ...

    @property
    def fetches(self) -> int:
        """How often they were asked for."""
        ...

    @property
    def failures(self) -> int:
        """How often that failed."""
        ...


class DependencyFigures:
    """Told by the parts themselves whenever somebody scrapes. Names are those of the settings."""

    __slots__ = ("caches", "circuits", "directories", "key_sets", "stages")

    def __init__(self) -> None:
        self.stages = StageFigures()
        self.directories = DirectoryCounters()
        self.caches: dict[str, list[CountedCache]] = {}
        """By what is in them."""
        self.key_sets: dict[str, list[FetchedKeySet]] = {}
        """By token provider; one of several issuers has several."""
        self.circuits: dict[tuple[str, str], Callable[[], bool]] = {}
        """(kind of dependency, its name) ► whether it is held back."""

    def families(self) -> Iterable[Metric]:
        """As prometheus_client has them."""
        yield from _stages(self.stages)
        yield from _caches(self.caches)
        yield from _keys(self.key_sets)
        answers = CounterMetricFamily(
            "deemster_directory_answers",
            "Questions to directories, by how they ended.",
            labels=["directory", "outcome"],
        )
        for (directory, outcome), count in sorted(self.directories.counts.items()):
            answers.add_metric([directory, outcome], count)
        yield answers
        circuits = GaugeMetricFamily(
            "deemster_circuit_open",
            "1 while a dependency is held back, because it did not answer lately; with several "
            "workers, how many of them do so.",
            labels=["kind", "name"],
        )
        for (kind, name), is_open in sorted(self.circuits.items()):
            circuits.add_metric([kind, name], 1.0 if is_open() else 0.0)
        yield circuits


def histogram_of(
    family: HistogramMetricFamily, labels: list[str], durations: Durations
) -> HistogramMetricFamily:
    """`family` with one more histogram."""
    bounds = [f"{bound:g}" for bound in durations.bounds] + ["+Inf"]
    buckets = list(zip(bounds, accumulate(durations.buckets), strict=True))
    family.add_metric(labels, buckets, durations.seconds)
    return family


def _stages(figures: StageFigures) -> Iterable[Metric]:
    for name, documentation, told in (
        (
            "deemster_stage_seconds",
            "Time of each stage, of one decision in 64.",
            figures.taken,
        ),
        (
            "deemster_wait_seconds",
            "How long decisions waited in a stage, of all that did.",
            figures.waited,
        ),
    ):
        family = HistogramMetricFamily(name, documentation, labels=["stage"])
        for stage, durations in told.items():
            histogram_of(family, [_word(stage)], durations)
        yield family


def _word(stage: Stage) -> str:
    return stage.value


def _caches(caches: Mapping[str, list[CountedCache]]) -> Iterable[Metric]:
    hits = CounterMetricFamily(
        "deemster_cache_hits", "Lookups that found something.", labels=["cache"]
    )
    misses = CounterMetricFamily("deemster_cache_misses", "Lookups that did not.", labels=["cache"])
    entries = GaugeMetricFamily("deemster_cache_entries", "What is kept.", labels=["cache"])
    for name, these in sorted(caches.items()):
        hits.add_metric([name], sum(cache.hits for cache in these))
        misses.add_metric([name], sum(cache.misses for cache in these))
        entries.add_metric([name], sum(len(cache) for cache in these))
    return (hits, misses, entries)


def _keys(key_sets: Mapping[str, list[FetchedKeySet]]) -> Iterable[Metric]:
    age = GaugeMetricFamily(
        "deemster_provider_keys_age_seconds",
        "Since the published keys of a token provider were last fetched with success.",
        labels=["provider"],
    )
    fetches = CounterMetricFamily(
        "deemster_provider_key_fetches",
        "Fetches of the published keys of a token provider, by how they ended.",
        labels=["provider", "outcome"],
    )
    for provider, these in sorted(key_sets.items()):
        ages = [keys.age for keys in these if keys.age is not None]
        if ages:
            age.add_metric([provider], max(ages))
        failures = sum(keys.failures for keys in these)
        fetched = sum(keys.fetches for keys in these) - failures
        fetches.add_metric([provider, "fetched"], fetched)
        fetches.add_metric([provider, "failed"], failures)
    return (age, fetches)
