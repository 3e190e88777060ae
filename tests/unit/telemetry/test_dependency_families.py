"""Figures of what decisions rest on reach Prometheus, and are those of one service when merged."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from deemster.decisions.stages import Stage
from deemster.model.durations import Durations
from deemster.telemetry.merging import MergedFamilies, told_families
from deemster.telemetry.metrics import ServiceFigures, register_figures
from deemster.usercontext.counters import DirectoryOutcome


@dataclass
class Cache:
    hits: int
    misses: int
    entries: int

    def __len__(self) -> int:
        return self.entries


@dataclass
class Keys:
    age: float | None
    fetches: int
    failures: int


def registry_of(figures: ServiceFigures) -> CollectorRegistry:
    registry = CollectorRegistry()
    register_figures(registry, figures, "1.2.3")
    return registry


def scraped(figures: ServiceFigures) -> dict[str, float]:
    lines = generate_latest(registry_of(figures)).decode().splitlines()
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    }


def test_waits_and_stages_are_histograms_in_seconds() -> None:
    figures = ServiceFigures()
    figures.dependencies.stages.waited[Stage.TOKEN].observe(0.02)
    figures.dependencies.stages.taken[Stage.EVALUATION].observe(0.000_004)
    found = scraped(figures)
    assert found['deemster_wait_seconds_bucket{le="0.01",stage="token"}'] == 0
    assert found['deemster_wait_seconds_bucket{le="0.025",stage="token"}'] == 1
    assert found['deemster_wait_seconds_count{stage="token"}'] == 1
    assert found['deemster_wait_seconds_sum{stage="token"}'] == 0.02
    assert found['deemster_stage_seconds_bucket{le="2.5e-06",stage="evaluation"}'] == 0
    assert found['deemster_stage_seconds_bucket{le="5e-06",stage="evaluation"}'] == 1
    assert 'deemster_wait_seconds_count{stage="evaluation"}' not in found


def test_caches_of_one_kind_are_told_together() -> None:
    figures = ServiceFigures()
    figures.dependencies.caches["tokens"] = [Cache(3, 1, 10), Cache(4, 2, 20)]
    found = scraped(figures)
    assert found['deemster_cache_hits_total{cache="tokens"}'] == 7
    assert found['deemster_cache_misses_total{cache="tokens"}'] == 3
    assert found['deemster_cache_entries{cache="tokens"}'] == 30


def test_keys_are_as_old_as_the_oldest_set_and_have_no_age_before_they_were_fetched() -> None:
    figures = ServiceFigures()
    figures.dependencies.key_sets["idp"] = [Keys(20.0, 3, 1), Keys(90.0, 1, 0)]
    figures.dependencies.key_sets["new"] = [Keys(None, 2, 2)]
    found = scraped(figures)
    assert found['deemster_provider_keys_age_seconds{provider="idp"}'] == 90
    assert 'deemster_provider_keys_age_seconds{provider="new"}' not in found
    fetches = "deemster_provider_key_fetches_total"
    assert found[f'{fetches}{{outcome="fetched",provider="idp"}}'] == 3
    assert found[f'{fetches}{{outcome="failed",provider="idp"}}'] == 1
    assert found[f'{fetches}{{outcome="failed",provider="new"}}'] == 2


@pytest.mark.parametrize("is_open", [False, True])
def test_a_circuit_is_told_by_name_whether_it_is_open_or_not(*, is_open: bool) -> None:
    figures = ServiceFigures()
    figures.dependencies.circuits["directory", "people"] = lambda: is_open
    figures.dependencies.directories.count("people", DirectoryOutcome.FAILED)
    found = scraped(figures)
    assert found['deemster_circuit_open{kind="directory",name="people"}'] == is_open
    assert found['deemster_directory_answers_total{directory="people",outcome="failed"}'] == 1


def test_of_several_workers_counts_are_added_and_the_oldest_keys_are_told() -> None:
    merged = MergedFamilies()
    for process, age in ((1, 30.0), (2, 700.0)):
        figures = ServiceFigures()
        figures.loop_lag = Durations((0.01, 0.1))
        figures.loop_lag.observe(0.05)
        figures.dependencies.key_sets["idp"] = [Keys(age, 1, 0)]
        figures.dependencies.caches["users"] = [Cache(2, 1, 5)]
        figures.dependencies.stages.waited[Stage.USER].observe(0.02)
        merged.tell(process, told_families(registry_of(figures)))
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in merged.families()
        for sample in family.samples
    }
    assert found["deemster_provider_keys_age_seconds", "idp"] == 700
    assert found["deemster_cache_hits_total", "users"] == 4
    assert found["deemster_cache_entries", "users"] == 10
    assert found["deemster_loop_lag_seconds_bucket", "0.1"] == 2
    assert found["deemster_loop_lag_seconds_count",] == 2
    assert found["deemster_wait_seconds_count", "user"] == 2
