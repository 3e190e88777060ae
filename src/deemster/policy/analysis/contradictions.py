"""Requirements on conditions that no call can meet: a small decision procedure.

It knows equality, order, ranges, enumerations, membership, beginnings and ends of texts, presence,
and Boolean structure. It is sound: `contradictory` is True only where it is proved.
"""

from __future__ import annotations

from collections.abc import Iterable

from deemster.policy.analysis.facts import consistent
from deemster.policy.analysis.goals import Every, Goal, Some, Want, take_apart

__all__ = ["Goal", "Prover", "Want"]

_MOST_BRANCHES = 128
"""Ways through the alternatives of one question; beyond, nothing is claimed."""

_MOST_ATOMS = 500
"""Comparisons and tests of one way."""

_MOST_STEPS = 1_500_000
"""Parts looked at for one tree; a large one of a thousand operations takes 100,000."""


class Prover:
    """Answers questions about one tree until its effort is spent; from then on claims nothing."""

    __slots__ = ("_branches", "_steps_left")

    def __init__(self, steps: int = _MOST_STEPS) -> None:
        self._steps_left = steps
        self._branches = 0

    def contradictory(self, goals: Iterable[Goal]) -> bool:
        """Whether it is proved that no call, token and user meet all of these requirements."""
        if self._steps_left <= 0:
            return False
        self._branches = 0
        return not self._may_hold(list(goals), [], [])

    def _may_hold(self, goals: list[Goal], atoms: list[Goal], choices: list[Some]) -> bool:
        """Whether `goals` may hold beside `atoms`, with one way of each choice."""
        while goals:
            goal = goals.pop()
            self._steps_left -= 1
            parts = take_apart(goal)
            if parts is None:
                atoms.append(goal)
            elif isinstance(parts, Every):
                goals.extend(parts.goals)
            else:
                choices.append(parts)
        self._branches += 1
        self._steps_left -= len(atoms)
        if self._branches > _MOST_BRANCHES or len(atoms) > _MOST_ATOMS or self._steps_left <= 0:
            return True
        if not consistent(atoms):
            return False
        if not choices:
            return True
        choices.sort(key=lambda choice: len(choice.ways))
        first, rest = choices[0], choices[1:]
        return any(self._may_hold(list(way), list(atoms), list(rest)) for way in first.ways)
