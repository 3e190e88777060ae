"""What a refused caller is told to bring: WWW-Authenticate by reason.

RFC 6750 3, RFC 9470 3, RFC 9449 7 and 9.
"""

from __future__ import annotations

from dataclasses import replace

from deemster.model.decision import STEP_UP_ERROR, Challenge, Reason
from deemster.model.sender import NO_PROOF, DpopMode, SenderRules
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
_INVALID_PROOF = frozenset({Reason.PROOF_MISSING, Reason.PROOF_INVALID})
_NOT_THEIRS = frozenset({Reason.BINDING_FAILED, Reason.BEARER_NOT_ACCEPTED})
_STEP_UP = frozenset({Reason.AUTHENTICATION_TOO_WEAK, Reason.AUTHENTICATION_TOO_OLD})


def challenge_for(
    reason: Reason,
    realm: str,
    operation: CompiledOperation | None,
    *,
    senders: SenderRules = NO_PROOF,
    nonce: str | None = None,
) -> Challenge | None:
    """The challenge that goes with a reason, or None where nothing the caller brings would help."""
    if reason is Reason.TOKEN_MISSING:
        # RFC 6750 3.1: a request without any credential gets no error code.
        return _for_token(realm, None, senders)
    if reason in _INVALID_TOKEN or reason in _NOT_THEIRS:
        return _for_token(realm, "invalid_token", senders)
    if reason in _INVALID_PROOF:
        return _for_proof(realm, "invalid_dpop_proof", senders)
    if reason is Reason.PROOF_NONCE_REQUIRED:
        return replace(_for_proof(realm, "use_dpop_nonce", senders), nonce=nonce)
    if operation is None:
        return None
    if reason is Reason.SCOPE_MISSING:
        return Challenge(realm=realm, error="insufficient_scope", scope=operation.required_scope)
    if reason in _STEP_UP and operation.step_up is not None:
        return step_up_challenge(operation.step_up, realm)
    return None


def _for_token(realm: str, error: str | None, senders: SenderRules) -> Challenge:
    """By the schemes that are taken (RFC 9449 7.1, 7.2)."""
    bearer = Challenge(realm=realm, error=error)
    if senders.dpop is DpopMode.OFF:
        return bearer
    proof = _for_proof(realm, error, senders)
    return proof if senders.dpop is DpopMode.REQUIRED else replace(bearer, otherwise=proof)


def _for_proof(realm: str, error: str | None, senders: SenderRules) -> Challenge:
    algorithms = " ".join(senders.algorithms)
    return Challenge(realm=realm, scheme="DPoP", error=error, algs=algorithms)


def step_up_challenge(wanted: StepUp, realm: str) -> Challenge:
    """A stronger or fresher authentication would help (RFC 9470 3)."""
    return Challenge(
        realm=realm,
        error=STEP_UP_ERROR,
        acr_values=wanted.acr_values,
        max_age=wanted.max_age,
    )
