"""Questions of one message that differ in their resource alone, judged once where that is enough.

A page of an application asks about the twenty things on it: one subject, one action, one type.
Where nothing that judges them reads of the resource, what is right for the first one is right for
all. Each keeps an id and a record of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec.structs import replace

from deemster.decisions.questions import Question
from deemster.model.access import AccessRequest
from deemster.model.decision import Decision
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall

__all__ = ["AlikeQuestions"]


class _Judges(Protocol):
    def begin_access(
        self, question: Question, caller: GatewayCaller, *, asking: ApiCall | None = None
    ) -> Decision | Awaitable[Decision]: ...


class AlikeQuestions:
    """For the questions of one message of one gateway, begun one after the other without waiting.

    INVARIANT: nothing may be awaited between two of them. So neither the policies nor what is
    known of the subject changes in between, and one instant is that of all.
    """

    __slots__ = ("_decision", "_new_id", "_point", "_request")

    def __init__(self, point: _Judges, new_id: Callable[[], str]) -> None:
        self._point = point
        self._new_id = new_id
        self._request: AccessRequest | None = None
        self._decision: Decision | None = None

    def begin(
        self, question: Question, caller: GatewayCaller, asking: ApiCall
    ) -> Decision | Awaitable[Decision]:
        """As `DecisionPoint.begin_access`."""
        request, decision = question.request, self._decision
        if decision is not None and question.credential is None and self._is_alike(request):
            return replace(decision, decision_id=self._new_id())
        begun = self._point.begin_access(question, caller, asking=asking)
        self._request, self._decision = None, None
        if isinstance(begun, Decision) and question.credential is None and _stands(request, begun):
            self._request, self._decision = request, begun
        return begun

    def _is_alike(self, request: AccessRequest) -> bool:
        known = self._request
        # The very objects: what a message says once for all its questions is read once.
        return (
            known is not None
            and request.subject is known.subject
            and request.action is known.action
            and request.context is known.context
            and request.resource.type == known.resource.type
        )


def _stands(request: AccessRequest, decision: Decision) -> bool:
    """Whether the decision is right for every resource of the type."""
    return (
        # The policies of an operation decided, and no failure, nor what is there for one decision.
        decision.operation is not None
        and decision.deciding is not None
        and decision.token is None
        and decision.error is None
        and decision.evidence is None
        and decision.trace is None
        and decision.kept is None
        and not decision.statements
        and not decision.left_out
        # Of a `route` or a `uri` the id says which operation is asked for.
        and request.resource.type not in _NAMES_AN_OPERATION
        and not any(name.startswith("resource") for name in decision.reads)
    )


_NAMES_AN_OPERATION = frozenset({"route", "uri"})
