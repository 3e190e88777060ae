"""What a refused caller is told to bring: WWW-Authenticate by reason (RFC 6750 3, RFC 9470 3)."""

from __future__ import annotations

from deemster.model.decision import STEP_UP_ERROR, Challenge, Reason
from deemster.policy.snapshot import CompiledOperation, StepUp

__all__ = ["challenge_for", "step_up_challenge"]

_INVALID_TOKEN = frozenset(
    {
        Reason.TOKEN_MALFORMED,
        Reason.TOKEN_EXPIRED,
        Reason.TOKEN_NOT_YET_VALID,
        Reason.TOKEN_SIGNATURE_INVALID,
        Reason.TOKEN_ISSUER_UNKNOWN,
        Reason.TOKEN_AUDIENCE_MISMATCH,
        Reason.TOKEN_TYPE_REJECTED,
        Reason.TOKEN_INACTIVE,
        Reason.TOKEN_REVOKED,
        Reason.CLAIMS_MISSING,
    }
)
_STEP_UP = frozenset({Reason.AUTHENTICATION_TOO_WEAK, Reason.AUTHENTICATION_TOO_OLD})


def challenge_for(
    reason: Reason, realm: str, operation: CompiledOperation | None
) -> Challenge | None:
    """The challenge that goes with a reason, or None where nothing the caller brings would help."""
    if reason is Reason.TOKEN_MISSING:
        # RFC 6750 3.1: a request without any credential gets no error code.
        return Challenge(realm=realm)
    if reason in _INVALID_TOKEN:
        return Challenge(realm=realm, error="invalid_token")
    if operation is None:
        return None
    if reason is Reason.SCOPE_MISSING:
        return Challenge(realm=realm, error="insufficient_scope", scope=operation.required_scope)
    if reason in _STEP_UP and operation.step_up is not None:
        return step_up_challenge(operation.step_up, realm)
    return None


def step_up_challenge(wanted: StepUp, realm: str) -> Challenge:
    """A stronger or fresher authentication would help (RFC 9470 3)."""
    return Challenge(
        realm=realm,
        error=STEP_UP_ERROR,
        acr_values=wanted.acr_values,
        max_age=wanted.max_age,
    )
