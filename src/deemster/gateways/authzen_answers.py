"""Decisions ► answers of AuthZEN 1.0: what is told beside `decision`, and in which form.

Authorization API 1.0 sections 5.5 and 7.2 (facts/authzen.md 2 and 3). The `context` of an answer is
free form there; what ours holds is written in docs/gateways/authzen.md.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from deemster.gateways.answers import REFUSALS, missing_of, refusal_of
from deemster.model.decision import Decision, Statement

__all__ = [
    "WORDED",
    "DenyAnswer",
    "PermitAnswer",
    "RefusedAnswer",
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
            id_, reason = _ENCODER.encode(decision.decision_id), _ENCODER.encode(decision.reason)
            return b'{"decision":true,"context":{"decision_id":%b,"reason":%b}}' % (id_, reason)
        told = PermittedContext(decision.decision_id, decision.reason.value, _statements(decision))
        return _ENCODER.encode(PermitAnswer(decision=True, context=told))
    return _ENCODER.encode(DenyAnswer(decision=False, context=_refused(decision)))


def refused_item_body(message: str, error_id: str) -> bytes:
    """The answer to one question of several that was malformed: nothing was decided about it."""
    error = RefusedContext(_Error(400, message, error_id))
    return _ENCODER.encode(RefusedAnswer(decision=False, context=error))


def batch_body(bodies: Iterable[bytes]) -> bytes:
    """The answer to several questions; `bodies` in their order."""
    return b'{"evaluations":[%b]}' % b",".join(bodies)


_UNSET = msgspec.UNSET


class _Told(msgspec.Struct, gc=False):
    id: str
    code: str
    payload: object


class PermittedContext(msgspec.Struct, gc=False):
    """What is told beside a permit."""

    decision_id: str
    reason: str
    statements: list[_Told] | msgspec.UnsetType = msgspec.UNSET


class PermitAnswer(msgspec.Struct, gc=False):
    """A permit: `decision` is true."""

    decision: bool
    context: PermittedContext


class DeniedContext(msgspec.Struct, gc=False):
    """What is told beside a deny: for the PEP, and in words for its user."""

    decision_id: str
    reason: str
    status: int
    message: str
    code: str | msgspec.UnsetType = msgspec.UNSET
    acr_values: str | msgspec.UnsetType = msgspec.UNSET
    max_age: int | msgspec.UnsetType = msgspec.UNSET
    scope: str | msgspec.UnsetType = msgspec.UNSET
    missing: list[dict[str, object]] | msgspec.UnsetType = msgspec.UNSET
    statements: list[_Told] | msgspec.UnsetType = msgspec.UNSET


class DenyAnswer(msgspec.Struct, gc=False):
    """A deny: `decision` is false."""

    decision: bool
    context: DeniedContext


class _Error(msgspec.Struct, gc=False):
    status: int
    message: str
    id: str


class RefusedContext(msgspec.Struct, gc=False):
    """Where nothing was decided."""

    error: _Error


class RefusedAnswer(msgspec.Struct, gc=False):
    """The answer to one malformed question of several: `decision` is false."""

    decision: bool
    context: RefusedContext


_ENCODER = msgspec.json.Encoder()


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
        code=_UNSET if refusal.code == reason else refusal.code,
        acr_values=_UNSET if acr_values is None else acr_values,
        max_age=_UNSET if max_age is None else max_age,
        scope=_UNSET if scope is None else scope,
        missing=_UNSET if missing is None else missing,
        statements=_statements(decision),
    )


def _statements(decision: Decision) -> list[_Told] | msgspec.UnsetType:
    if not decision.statements:
        return _UNSET
    told = [_told(one) for one in decision.statements if one.code not in WORDED]
    return told or _UNSET


def _told(statement: Statement) -> _Told:
    return _Told(statement.id, statement.code, statement.payload)
