"""What checks those who present tokens: nonces from `stateKeys`, and who remembers proofs."""

from __future__ import annotations

import os

from deemster.model.clock import Clock
from deemster.settings.model import Settings
from deemster.sharedstate.memory import MemoryOfUses, NoMemory
from deemster.sharedstate.stores import ReplayMemory
from deemster.tokens.dpop_nonces import DpopNonces
from deemster.tokens.sender_constraints import SenderConstraints

__all__ = ["build_sender_constraints"]


def build_sender_constraints(
    settings: Settings, clock: Clock, store: ReplayMemory | None
) -> SenderConstraints:
    """`store` remembers for all, where there is one.

    Without `stateKeys`, nonces are of this process: another one asks for a new proof.
    """
    keys = [key.value.reveal().encode() for key in settings.state_keys] or [os.urandom(32)]
    if store is None and settings.listeners.decisions.workers > 1:
        store = NoMemory("a memory of proofs that all workers share")
    return SenderConstraints(
        DpopNonces(keys),
        of_process=MemoryOfUses(clock),
        began=clock.wall(),
        of_all=store,
    )
