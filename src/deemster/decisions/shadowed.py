"""The decision point, and beside it a shadow that is told of a share of what it decided."""

from __future__ import annotations

from collections.abc import Awaitable, Container
from typing import Protocol

from deemster.decisions.point import DecisionPoint
from deemster.decisions.questions import Question
from deemster.decisions.shadow import Shadow
from deemster.model.decision import Decision
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall

__all__ = ["Deciding", "ShadowedPoint"]


class Deciding(Protocol):
    """What an exchange asks: see DecisionPoint."""

    def begin(self, call: ApiCall, caller: GatewayCaller) -> Decision | Awaitable[Decision]:
        """A call."""
        ...

    def begin_access(
        self,
        question: Question,
        caller: GatewayCaller,
        *,
        possible: Container[str] = ...,
        asking: ApiCall | None = ...,
    ) -> Decision | Awaitable[Decision]:
        """A question of AuthZEN."""
        ...

    def begin_response(
        self, call: ApiCall, caller: GatewayCaller
    ) -> Decision | Awaitable[Decision]:
        """An upstream's answer."""
        ...

    def looks_at_answer(self, call: ApiCall, caller: GatewayCaller) -> bool:
        """Whether there is anything to decide about it."""
        ...


class ShadowedPoint:
    """Answers as `live` does; upstream's answers have no shadow."""

    def __init__(self, live: DecisionPoint, shadow: Shadow) -> None:
        self._live = live
        self._shadow = shadow

    def begin(self, call: ApiCall, caller: GatewayCaller) -> Decision | Awaitable[Decision]:
        """As DecisionPoint."""
        begun = self._live.begin(call, caller)
        if not self._shadow.is_due():
            return begun
        if isinstance(begun, Decision):
            self._shadow.note_call(call, caller, begun)
            return begun
        return self._called(begun, call, caller)

    def begin_access(
        self,
        question: Question,
        caller: GatewayCaller,
        *,
        possible: Container[str] = frozenset(),
        asking: ApiCall | None = None,
    ) -> Decision | Awaitable[Decision]:
        """As DecisionPoint."""
        begun = self._live.begin_access(question, caller, possible=possible, asking=asking)
        if not self._shadow.is_due():
            return begun
        if isinstance(begun, Decision):
            self._shadow.note_question(question, caller, possible, asking, begun)
            return begun
        return self._asked(begun, question, caller, possible, asking)

    def begin_response(
        self, call: ApiCall, caller: GatewayCaller
    ) -> Decision | Awaitable[Decision]:
        """As DecisionPoint."""
        return self._live.begin_response(call, caller)

    def looks_at_answer(self, call: ApiCall, caller: GatewayCaller) -> bool:
        """As DecisionPoint."""
        return self._live.looks_at_answer(call, caller)

    async def _called(
        self, begun: Awaitable[Decision], call: ApiCall, caller: GatewayCaller
    ) -> Decision:
        decision = await begun
        self._shadow.note_call(call, caller, decision)
        return decision

    async def _asked(
        self,
        begun: Awaitable[Decision],
        question: Question,
        caller: GatewayCaller,
        possible: Container[str],
        asking: ApiCall | None,
    ) -> Decision:
        decision = await begun
        self._shadow.note_question(question, caller, possible, asking, decision)
        return decision
