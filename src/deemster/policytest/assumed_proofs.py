"""Policy tests take tokens as presented by their holders: what is tested is the policy.

Whether a proof of possession is right is no matter of a policy, and a case has no key to make one
with. A case whose service asks for bound tokens is judged as if the proof were there.
"""

from __future__ import annotations

from collections.abc import Awaitable

from deemster.model.http import ApiCall
from deemster.model.identity import Credential, VerifiedClaims
from deemster.model.sender import SenderRules
from deemster.sharedstate.memory import NoMemory
from deemster.tokens.dpop_nonces import DpopNonces
from deemster.tokens.sender_constraints import SenderConstraints

__all__ = ["AssumedProofs"]


class AssumedProofs(SenderConstraints):
    """Nobody has to prove anything. For policy tests alone."""

    def __init__(self) -> None:
        memory = NoMemory("the memory of a policy test")
        super().__init__(DpopNonces([b"policy test"]), of_process=memory, began=0.0)

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
        """It is theirs."""
        return None
