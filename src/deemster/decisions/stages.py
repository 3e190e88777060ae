"""The stages of a decision: how long each took, and how long decisions waited in it.

Reading a clock several times in each decision would cost more than what is measured. So one in
`MEASURED_EVERY` is measured, and whatever waits, which costs far more than a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from deemster.model.clock import Clock
from deemster.model.durations import Durations
from deemster.model.http import ApiCall

__all__ = ["MEASURED_EVERY", "Stage", "StageFigures", "StageWatch", "Stages", "TracedStages"]

MEASURED_EVERY = 64
_BOUNDS = (
    0.000_001,
    0.000_002_5,
    0.000_005,
    0.000_01,
    0.000_025,
    0.000_05,
    0.000_1,
    0.000_25,
    0.000_5,
    0.001,
    0.005,
    0.025,
    0.1,
    0.5,
)
_WAIT_BOUNDS = (0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Stage(StrEnum):
    """What a decision consists of, but for a few lookups."""

    TOKEN = "token"  # noqa: S105  (a word, no secret)
    USER = "user"
    ATTRIBUTES = "attributes"
    EVALUATION = "evaluation"


class StageFigures:
    """Counts of one process."""

    __slots__ = ("taken", "waited")

    def __init__(self) -> None:
        self.taken: Mapping[Stage, Durations] = {stage: Durations(_BOUNDS) for stage in Stage}
        """Of the decisions that were measured."""
        self.waited: Mapping[Stage, Durations] = {
            stage: Durations(_WAIT_BOUNDS) for stage in Stage if stage is not Stage.EVALUATION
        }
        """Of all that had to wait for an answer, or for its time to be over."""


class TracedStages(Protocol):
    """The decision that is being traced."""

    def stage_ended(self, stage: Stage, began: float, ended: float) -> None:
        """A stage is over; monotonic seconds."""
        ...


class StageWatch:
    """Of one decision that is measured, traced, or both."""

    __slots__ = ("_began", "_clock", "_figures", "_traced")

    def __init__(
        self, clock: Clock, figures: StageFigures | None, traced: TracedStages | None
    ) -> None:
        self._clock = clock
        self._figures = figures
        self._traced = traced
        self._began = 0.0

    def begin(self) -> None:
        """A stage begins."""
        self._began = self._clock.monotonic()

    def end(self, stage: Stage) -> None:
        """The stage that began last, or ended last, is over; the next may begin with it."""
        began, ended = self._began, self._clock.monotonic()
        self._began = ended
        if self._figures is not None:
            self._figures.taken[stage].observe(ended - began)
        if self._traced is not None:
            self._traced.stage_ended(stage, began, ended)


class Tracing(Protocol):
    """Which decisions are traced."""

    def traced(self, call: ApiCall, decision_id: str) -> TracedStages | None:
        """None: this one is not."""
        ...


class Stages:
    """Says which decisions are watched."""

    def __init__(self, figures: StageFigures, clock: Clock, tracing: Tracing | None = None) -> None:
        self.every = MEASURED_EVERY if tracing is None else 1
        """`watch` is asked for one decision of so many."""
        self._figures = figures
        self._clock = clock
        self._tracing = tracing
        self._unmeasured = 0

    def watch(self, call: ApiCall, decision_id: str) -> StageWatch | None:
        """None: nobody wants to know how long the stages of this one take."""
        self._unmeasured += self.every
        figures = None
        if self._unmeasured >= MEASURED_EVERY:
            self._unmeasured = 0
            figures = self._figures
        traced = None if self._tracing is None else self._tracing.traced(call, decision_id)
        if figures is None and traced is None:
            return None
        return StageWatch(self._clock, figures, traced)

    def waited(self, stage: Stage, seconds: float) -> None:
        """A decision waited so long."""
        self._figures.waited[stage].observe(seconds)
