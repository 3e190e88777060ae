"""How much of a part, a line or a share is covered: a word, a colour and a symbol of its own."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from deemster.policytest.coverage.summary import CoveredUnit, Share

__all__ = ["State", "state_of", "state_of_share"]


class State(Enum):
    """`(class, symbol, words)`: nobody has to tell colours apart."""

    FULL = ("full", "✓", "covered")
    PART = ("part", "◐", "partly covered")
    NONE = ("none", "✗", "not covered")

    @property
    def css(self) -> str:
        """The class in the style sheet."""
        return self.value[0]

    @property
    def symbol(self) -> str:
        """One character."""
        return self.value[1]

    @property
    def words(self) -> str:
        """For whoever listens."""
        return self.value[2]


def state_of(units: Iterable[CoveredUnit]) -> State:
    """Of several parts together."""
    found = list(units)
    if not any(unit.missing for unit in found):
        return State.FULL
    seen = any(len(unit.missing) < len(unit.unit.goals) for unit in found)
    return State.PART if seen else State.NONE


def state_of_share(share: Share) -> State:
    """Of a share."""
    if share.covered == share.goals:
        return State.FULL
    return State.PART if share.covered else State.NONE
