"""Stages are measured of few decisions, waiting of all; what is traced is told of each."""

from __future__ import annotations

from deemster.decisions.stages import MEASURED_EVERY, Stage, StageFigures, Stages, TracedStages
from deemster.model.http import ApiCall, Headers

CALL = ApiCall("GET", "https://a/", Headers(()))


class Ticking:
    """A quarter of a second passes with each look at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        self.now += 0.25
        return self.now


class Kept:
    """Traces every decision."""

    def __init__(self) -> None:
        self.stages: list[tuple[Stage, float, float]] = []

    def traced(self, call: ApiCall, decision_id: str) -> TracedStages | None:
        return self

    def stage_ended(self, stage: Stage, began: float, ended: float) -> None:
        self.stages.append((stage, began, ended))


def test_a_stage_begins_where_the_one_before_it_ended() -> None:
    figures, kept = StageFigures(), Kept()
    watch = Stages(figures, Ticking(), kept).watch(CALL, "d1")
    assert watch is not None
    watch.begin()
    watch.end(Stage.TOKEN)
    watch.end(Stage.USER)
    assert kept.stages == [(Stage.TOKEN, 0.25, 0.5), (Stage.USER, 0.5, 0.75)]
    assert figures.taken[Stage.TOKEN].seconds == 0  # traced, and not measured


def test_one_decision_in_so_many_is_measured_be_it_traced_or_not() -> None:
    plain, traced = StageFigures(), StageFigures()
    for stages, figures in (
        (Stages(plain, Ticking()), plain),
        (Stages(traced, Ticking(), Kept()), traced),
    ):
        asked = 2 * MEASURED_EVERY // stages.every
        for _ in range(asked):
            watch = stages.watch(CALL, "d1")
            assert watch is not None
            watch.begin()
            watch.end(Stage.EVALUATION)
        assert sum(figures.taken[Stage.EVALUATION].buckets) == 2
        assert figures.taken[Stage.EVALUATION].seconds == 0.5


def test_every_wait_is_counted() -> None:
    figures = StageFigures()
    stages = Stages(figures, Ticking())
    stages.waited(Stage.USER, 0.003)
    stages.waited(Stage.USER, 60.0)
    assert sum(figures.waited[Stage.USER].buckets) == 2
    assert figures.waited[Stage.USER].buckets[-1] == 1
    assert figures.waited[Stage.USER].seconds == 60.003
