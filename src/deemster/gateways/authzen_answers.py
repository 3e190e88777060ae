"""Decisions ► answers of AuthZEN 1.0: what is told beside `decision`, and in which form.

Authorization API 1.0 sections 5.5 and 7.2 (facts/authzen.md 2 and 3). The `context` of an answer is
free form there; what ours holds is written in docs/gateways/authzen.md.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from deemster.gateways.answers import REFUSALS, missing_of, refusal_of
from deemster.gateways.authzen_members import (
    UNSET,
    DeniedContext,
    DenyAnswer,
    ItemError,
    PermitAnswer,
    PermittedContext,
    RefusedAnswer,
    RefusedContext,
    ToldStatement,
)
from deemster.model.decision import Decision, Reason, Statement

__all__ = [
    "WORDED",
    "batch_body",
    "decision_body",
    "refused_item_body",
]

WORDED = frozenset({"auth-challenge", "denied-reason"})
"""Codes of the statements that word a deny: they are its `status`, `code`, `message` and hints.

No other one can be relied upon: a PEP may ignore the whole of `context`, so a permit that is tied
to something the PEP must do is none. What is not obligatory is told as data.
"""


def decision_body(decision: Decision) -> bytes:
    """The JSON object with `decision` and `context`."""
    if decision.permitted:
        if not decision.statements:
            # Nearly every permit, in a third of the time.
            id_ = _ENCODER.encode(decision.decision_id)
            return b'{"decision":true,"context":{"decision_id":%b%b' % (id_, _ENDS[decision.reason])
        told = PermittedContext(decision.decision_id, decision.reason.value, _statements(decision))
        return _ENCODER.encode(PermitAnswer(decision=True, context=told))
    return _ENCODER.encode(DenyAnswer(decision=False, context=_refused(decision)))


def refused_item_body(message: str, error_id: str) -> bytes:
    """The answer to one question of several that was malformed: nothing was decided about it."""
    error = RefusedContext(ItemError(400, message, error_id))
    return _ENCODER.encode(RefusedAnswer(decision=False, context=error))


def batch_body(bodies: Iterable[bytes]) -> bytes:
    """The answer to several questions; `bodies` in their order."""
    return b'{"evaluations":[%b]}' % b",".join(bodies)


_ENCODER = msgspec.json.Encoder()
_ENDS = {reason: b',"reason":%b}}' % _ENCODER.encode(reason) for reason in Reason}


def _refused(decision: Decision) -> DeniedContext:
    refusal = refusal_of(decision)
    # Of the closed list, whatever the author calls it; a deny never says that it was permitted.
    reason = REFUSALS[decision.reason].code
    missing = missing_of(decision)
    service, challenge = decision.service, decision.challenge
    if service is not None and service.disclose == "none":
        challenge = None
    acr_values = challenge.acr_values if challenge is not None else None
    max_age = challenge.max_age if challenge is not None else None
    scope = challenge.scope if challenge is not None else None
    return DeniedContext(
        decision_id=decision.decision_id,
        reason=reason,
        status=refusal.status,
        message=refusal.message,
        code=UNSET if refusal.code == reason else refusal.code,
        acr_values=UNSET if acr_values is None else acr_values,
        max_age=UNSET if max_age is None else max_age,
        scope=UNSET if scope is None else scope,
        missing=UNSET if missing is None else missing,
        statements=_statements(decision),
    )


def _statements(decision: Decision) -> list[ToldStatement] | msgspec.UnsetType:
    if not decision.statements:
        return UNSET
    told = [_told(one) for one in decision.statements if one.code not in WORDED]
    return told or UNSET


def _told(statement: Statement) -> ToldStatement:
    return ToldStatement(statement.id, statement.code, statement.payload)
