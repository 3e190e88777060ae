"""A second tree, beside the one that answers: what it would have said, and never more than that.

INVARIANT: nothing here can change or hold up an answer. A call is noted after it was decided, and
decided again when the loop has nothing better to do; what cannot be noted is counted and let go.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass
from enum import StrEnum

from deemster.decisions.point import DecisionPoint
from deemster.decisions.questions import Question
from deemster.model.decision import Decision, NodeRef, Reason
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall

__all__ = ["Difference", "LeftCause", "Shadow", "ShadowCounters", "ShadowResult"]

_MOST_NOTED = 256
_NOT_COMPARABLE = frozenset(
    {
        Reason.BEARER_NOT_ACCEPTED,
        Reason.BINDING_FAILED,
        Reason.DEADLINE_EXCEEDED,
        Reason.DEPENDENCY_UNAVAILABLE,
        Reason.INTERNAL_ERROR,
        Reason.OVERLOADED,
        Reason.POLICY_TOO_OLD,
        Reason.PROOF_INVALID,
        Reason.PROOF_MISSING,
        Reason.PROOF_NONCE_REQUIRED,
    }
)
"""Answers that no policy gave. A proof counts once: whoever looks again finds it used."""


class ShadowResult(StrEnum):
    """What the other tree said, beside what was answered."""

    SAME = "same"
    WIDENED = "widened"
    NARROWED = "narrowed"
    REASON = "reason"
    OPERATION = "operation"


class LeftCause(StrEnum):
    """Why a call of the share was not decided again."""

    BUSY = "busy"
    FULL = "full"
    NOT_COMPARABLE = "not-comparable"
    FAILED = "failed"
    NOT_LOADED = "not-loaded"


class ShadowCounters:
    """Counts of one process; touched on the event loop only."""

    def __init__(self) -> None:
        self.results: Counter[str] = Counter(dict.fromkeys(ShadowResult, 0))
        self.left: Counter[str] = Counter(dict.fromkeys(LeftCause, 0))
        self.revision: str | None = None
        """Of the tree beside; None while there is none that could be loaded."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One call that the tree beside would have answered otherwise."""

    result: ShadowResult
    live: Decision
    beside: Decision

    @property
    def rule(self) -> NodeRef | None:
        """What decided in the tree beside."""
        return self.beside.deciding


_Ask = Callable[[DecisionPoint], Awaitable[Decision]]


class Shadow:
    """Takes a share of the calls; `point` decides by the tree beside and asks for no proofs."""

    def __init__(
        self,
        point: DecisionPoint,
        *,
        share: float,
        counters: ShadowCounters,
        is_busy: Callable[[], bool],
        differs: Callable[[Difference], None],
    ) -> None:
        """`share`: more than 0, at most 1. `is_busy`: whether the loop has too much to do."""
        self._point = point
        self._share = share
        self._counters = counters
        self._is_busy = is_busy
        self._differs = differs
        self._due = 0.0
        self._noted: deque[tuple[Decision, _Ask]] = deque()
        self._working: asyncio.Task[None] | None = None

    def is_due(self) -> bool:
        """Whether this call is one of the share: every tenth for 0.1, evenly."""
        self._due += self._share
        if self._due < 1.0:
            return False
        self._due -= 1.0
        return True

    def note_call(self, call: ApiCall, caller: GatewayCaller, live: Decision) -> None:
        """Decide this call again, later."""
        self._note(live, lambda point: point.decide(call, caller))

    def note_question(
        self,
        question: Question,
        caller: GatewayCaller,
        possible: Container[str],
        asking: ApiCall | None,
        live: Decision,
    ) -> None:
        """Decide this question of AuthZEN again, later."""
        can = asking.possible if asking is not None else possible
        self._note(live, lambda point: point.decide_access(question, caller, possible=can))

    async def close(self) -> None:
        """Nothing is decided any more."""
        self._noted.clear()
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait((self._working,))

    def _note(self, live: Decision, ask: _Ask) -> None:
        left = self._counters.left
        if self._counters.revision is None:
            left[LeftCause.NOT_LOADED] += 1
        elif live.reason in _NOT_COMPARABLE:
            left[LeftCause.NOT_COMPARABLE] += 1
        elif len(self._noted) >= _MOST_NOTED:
            left[LeftCause.FULL] += 1
        else:
            self._noted.append((live, ask))
            if self._working is None or self._working.done():
                self._working = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._noted:
            # Whoever waits for an answer comes first.
            await asyncio.sleep(0)
            live, ask = self._noted.popleft()
            if self._is_busy():
                self._counters.left[LeftCause.BUSY] += 1
                continue
            try:
                beside = await ask(self._point)
            except Exception:  # noqa: BLE001  (it is no answer to anybody: counted, and no more)
                self._counters.left[LeftCause.FAILED] += 1
                continue
            self._compare(live, beside)

    def _compare(self, live: Decision, beside: Decision) -> None:
        if beside.reason in _NOT_COMPARABLE:
            cause = LeftCause.NOT_COMPARABLE
            if beside.reason is Reason.INTERNAL_ERROR:
                cause = LeftCause.FAILED
            self._counters.left[cause] += 1
            return
        result = _result(live, beside)
        self._counters.results[result] += 1
        if result is not ShadowResult.SAME:
            self._differs(Difference(result, live, beside))


def _result(live: Decision, beside: Decision) -> ShadowResult:
    if live.permitted != beside.permitted:
        return ShadowResult.WIDENED if beside.permitted else ShadowResult.NARROWED
    if live.reason is not beside.reason:
        return ShadowResult.REASON
    return ShadowResult.SAME if _where(live) == _where(beside) else ShadowResult.OPERATION


def _where(decision: Decision) -> tuple[str | None, str | None]:
    return None if decision.service is None else decision.service.id, decision.operation
