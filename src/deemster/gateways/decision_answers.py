"""A decision in PingOne's words: one of four judgements, statements, and how judging went.

Deemster's decisions have two values; which denies are told as NOT_APPLICABLE or INDETERMINATE is
one exhaustive table. docs/gateways/decision-endpoints.md has it in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from deemster.gateways.decision_members import (
    DecisionResponse,
    Judgement,
    StatusMember,
    ToldStatement,
    Version,
)
from deemster.model.decision import Decision, Reason, Statement

__all__ = ["JUDGEMENTS", "decision_response", "judgement_of", "not_judged"]

Code = Literal["OKAY", "MISSING_ATTRIBUTE", "PROCESSING_ERROR", "TIMEOUT"]

# No rule applied: what XACML calls not applicable. A caller that takes only PERMIT for a permit,
# as it must, denies it.
_NOT_APPLICABLE = frozenset({Reason.NO_API_SERVICE, Reason.NO_OPERATION, Reason.NO_RULE})

# Nobody could tell: with another answer of a dependency it might have been a permit. A deny that
# says it was permitted is a fault of ours.
_CODES: Mapping[Reason, Code] = {
    Reason.PERMITTED: "PROCESSING_ERROR",
    Reason.PERMITTED_PREFLIGHT: "PROCESSING_ERROR",
    Reason.INDETERMINATE: "PROCESSING_ERROR",
    Reason.ATTRIBUTE_MISSING: "MISSING_ATTRIBUTE",
    Reason.BODY_UNAVAILABLE: "MISSING_ATTRIBUTE",
    Reason.DEPENDENCY_UNAVAILABLE: "PROCESSING_ERROR",
    Reason.DEADLINE_EXCEEDED: "TIMEOUT",
    Reason.POLICY_TOO_OLD: "PROCESSING_ERROR",
    Reason.OVERLOADED: "PROCESSING_ERROR",
    Reason.INTERNAL_ERROR: "PROCESSING_ERROR",
}


def _judgement(reason: Reason) -> Judgement:
    if reason in _CODES:
        return "INDETERMINATE"
    return "NOT_APPLICABLE" if reason in _NOT_APPLICABLE else "DENY"


JUDGEMENTS: Mapping[Reason, Judgement] = MappingProxyType(
    {reason: _judgement(reason) for reason in Reason}
)
"""How a deny of each reason is told."""


def judgement_of(decision: Decision) -> Judgement:
    """PERMIT only for a decision that permits."""
    return "PERMIT" if decision.permitted else JUDGEMENTS[decision.reason]


def decision_response(
    decision: Decision, *, correlation_id: str, elapsed_us: int
) -> DecisionResponse:
    """The whole answer. Statements go with PERMIT and DENY only (facts/ping.md 3.4)."""
    judgement = judgement_of(decision)
    return DecisionResponse(
        id=decision.decision_id,
        decision=judgement,
        correlation_id=correlation_id,
        elapsed_microseconds=elapsed_us,
        statements=tuple([_told(one) for one in _handed_on(decision, judgement)]),
        status=_status(decision, judgement),
        authorization_version=Version(decision.revision) if decision.revision else msgspec.UNSET,
    )


def not_judged(*, answer_id: str, correlation_id: str, message: str) -> DecisionResponse:
    """For a question of a bulk request that is none: nothing was decided, so nothing permitted."""
    return DecisionResponse(
        id=answer_id,
        decision="INDETERMINATE",
        correlation_id=correlation_id,
        elapsed_microseconds=0,
        statements=(),
        status=StatusMember("PROCESSING_ERROR", ("malformed",), (message,)),
    )


def _status(decision: Decision, judgement: Judgement) -> StatusMember:
    if judgement == "PERMIT":
        return _OKAY
    reasons = tuple([reason.value for reason in decision.reasons or (decision.reason,)])
    if judgement != "INDETERMINATE":
        return StatusMember("OKAY", reasons)
    return StatusMember(_CODES[decision.reason], reasons, (decision.reason.value,))


def _handed_on(decision: Decision, judgement: Judgement) -> Iterable[Statement]:
    """Not the author's words to the end user where the API service discloses nothing."""
    if judgement not in ("PERMIT", "DENY"):
        return ()
    service = decision.service
    if judgement == "PERMIT" or service is None or service.disclose != "none":
        return decision.statements
    return [one for one in decision.statements if one.code not in _WORDS]


def _told(statement: Statement) -> ToldStatement:
    return ToldStatement(
        id=statement.id,
        name=statement.id,
        code=statement.code,
        payload=_ENCODER.encode(statement.payload).decode(),
        obligatory=statement.obligatory,
        fulfilled=False,
        attributes={},
    )


_WORDS = frozenset({"auth-challenge", "denied-reason"})
_OKAY = StatusMember("OKAY")
_ENCODER = msgspec.json.Encoder()
