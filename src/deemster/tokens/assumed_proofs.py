"""Tokens taken as presented by their holders, where nobody is answered: in tests and in shadows.

Whether a proof of possession is right is no matter of a policy. A policy test has no key to make
one with, a record of the log holds none, and a tree beside the live one must not use one up.
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
    """Nobody has to prove anything. For what answers no gateway, alone."""

    def __init__(self) -> None:
        memory = NoMemory("a memory of proofs that nobody shows")
        super().__init__(DpopNonces([b"nobody shows one"]), of_process=memory, began=0.0)

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
