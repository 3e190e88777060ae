"""Whether an accepted token is presented by whom it was issued to.

    certificate (RFC 8705 3) ► which scheme for which token ► proof ► its key ► nonce ► replay

A token that is bound is never taken as a plain bearer token, whatever the scheme that it is
presented with; and what is remembered of a proof is remembered last, so that only good proofs are.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Awaitable
from hashlib import sha256

from deemster.errors import TokenRejectedError
from deemster.model.clock import Clock
from deemster.model.decision import Reason
from deemster.model.http import ApiCall
from deemster.model.identity import Confirmation, Credential, VerifiedClaims
from deemster.model.sender import DpopMode, SenderRules
from deemster.model.urls import MalformedUrlError, canonical_url
from deemster.sharedstate.memory import MemoryOfUses
from deemster.sharedstate.stores import ReplayMemory
from deemster.tokens.dpop import Proof, verified_proof
from deemster.tokens.dpop_nonces import DpopNonces

__all__ = ["SenderConstraints", "of_this_process"]


class SenderConstraints:
    """Checks what comes along with a token; used proofs are remembered, nothing else is kept."""

    def __init__(
        self,
        nonces: DpopNonces,
        *,
        of_process: ReplayMemory,
        began: float,
        of_all: ReplayMemory | None = None,
    ) -> None:
        """`of_process` knows of no proof before `began` (epoch seconds; facts/security.md 1.4, D9).

        `of_all` is what all processes remember together and outlives each; None where there is
        one process, which remembers for all.
        """
        self._nonces = nonces
        self._of_process = of_process
        self._began = began
        self._of_all = of_all

    def fresh_nonce(self, now: float) -> str:
        """What a client is told to put into its next proof."""
        return self._nonces.fresh(now)

    def check(
        self,
        claims: VerifiedClaims,
        credential: Credential,
        call: ApiCall,
        rules: SenderRules,
        *,
        skew: float,
        now: float,
    ) -> Awaitable[bool] | None:
        """None: it is theirs. Else to be awaited: False where the proof was used before.

        Called once for each presentation. Raises TokenRejectedError, DependencyUnavailableError.
        """
        bound = claims.confirmation
        _check_certificate(bound, call, rules)
        if bound is None or bound.key_thumbprint is None:
            _check_unbound(credential, rules)
            return None
        # RFC 9449 7.2: else whoever stole the token presents it as a bearer token.
        if credential.scheme != "dpop":
            raise TokenRejectedError(Reason.BEARER_NOT_ACCEPTED, detail="bound to a key")
        if rules.dpop is DpopMode.OFF:
            raise TokenRejectedError(Reason.BINDING_FAILED, detail="proofs are not taken here")
        proof = _proof(credential, call, rules, skew=skew, now=now)
        if not hmac.compare_digest(proof.thumbprint.encode(), bound.key_thumbprint.encode()):
            raise TokenRejectedError(Reason.BINDING_FAILED, detail="proof of another key")
        if rules.nonce and (proof.nonce is None or not self._nonces.is_live(proof.nonce, now)):
            raise TokenRejectedError(Reason.PROOF_NONCE_REQUIRED)
        memory = self._of_all if rules.once_in_all else None
        if memory is None:
            memory = self._of_process
            if proof.issued_at < self._began:
                raise TokenRejectedError(Reason.PROOF_INVALID, detail="older than this process")
        until = proof.issued_at + rules.lifetime + skew
        return _first_use(memory, claims.provider, proof, until)


def _first_use(
    memory: ReplayMemory, provider: str, proof: Proof, until: float
) -> Awaitable[bool] | None:
    # Scoped by key: no client burns the identifiers of another (D3).
    text = f"{provider}\0{proof.thumbprint}\0{proof.jti}"
    used = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    first = memory.first_use(used, until)
    if first is True:
        return None
    if first is False:
        raise TokenRejectedError(Reason.PROOF_INVALID, detail="used before")
    return first


def of_this_process(clock: Clock) -> SenderConstraints:
    """With a memory and a key for nonces that nobody else has, and that end with the process."""
    return SenderConstraints(
        DpopNonces([os.urandom(32)]), of_process=MemoryOfUses(clock), began=clock.wall()
    )


def _check_certificate(bound: Confirmation | None, call: ApiCall, rules: SenderRules) -> None:
    wanted = None if bound is None else bound.certificate_thumbprint
    if wanted is None:
        if rules.certificate_required:
            raise TokenRejectedError(Reason.BINDING_FAILED, detail="bound to no certificate")
        return
    shown = None if call.certificate is None else call.certificate.thumbprint
    if shown is None:
        raise TokenRejectedError(Reason.BINDING_FAILED, detail="no client certificate is known")
    if not hmac.compare_digest(wanted.encode(), shown.encode()):
        raise TokenRejectedError(Reason.BINDING_FAILED, detail="bound to another certificate")


def _check_unbound(credential: Credential, rules: SenderRules) -> None:
    # RFC 9449 7.1: the scheme is for bound tokens; a proof of any key would prove nothing.
    if credential.scheme != "bearer":
        raise TokenRejectedError(Reason.BINDING_FAILED, detail="bound to no key")
    if rules.dpop is DpopMode.REQUIRED:
        raise TokenRejectedError(Reason.BEARER_NOT_ACCEPTED)


def _proof(
    credential: Credential, call: ApiCall, rules: SenderRules, *, skew: float, now: float
) -> Proof:
    proofs = call.headers.get_all("dpop")
    if not proofs:
        raise TokenRejectedError(Reason.PROOF_MISSING)
    if len(proofs) > 1:
        raise TokenRejectedError(Reason.PROOF_INVALID, detail="more than one")
    try:
        url = canonical_url(call.url)
    except MalformedUrlError:
        # A question that nobody made a call for has no URL that a proof could name.
        raise TokenRejectedError(Reason.PROOF_INVALID, detail="no call to prove") from None
    return verified_proof(
        proofs[0],
        method=call.method,
        url=url,
        token=credential.secret,
        rules=rules,
        skew=skew,
        now=now,
    )
