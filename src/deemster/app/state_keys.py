"""`stateKeys:` ► what seals and opens the state of a call between its two legs."""

from __future__ import annotations

import os
from collections.abc import Iterable

from deemster.decisions.sealed_states import PURPOSE, SealedStates
from deemster.model.clock import Clock
from deemster.settings.model import Settings, StateKeySettings
from deemster.tokens.jose import SealingKey

__all__ = ["build_states", "sealing_keys"]


def build_states(settings: Settings, clock: Clock) -> SealedStates:
    """Without `stateKeys`, with a key of this process.

    Then an answer that is shown to another process, or after a restart, is refused.
    """
    keys = sealing_keys(settings.state_keys) or (
        SealingKey("process", os.urandom(32).hex(), purpose=PURPOSE),
    )
    return SealedStates(keys, clock=clock, environment=settings.environment)


def sealing_keys(keys: Iterable[StateKeySettings]) -> tuple[SealingKey, ...]:
    """In the order of the settings: the first seals."""
    return tuple(SealingKey(key.id, key.value.reveal(), purpose=PURPOSE) for key in keys)
