"""Requirements on conditions that no call can meet: a small decision procedure.

It knows equality, order, ranges, enumerations, membership, beginnings and ends of texts, presence,
and Boolean structure. It is sound: `contradictory` is True only where it is proved.
"""

from __future__ import annotations

from collections.abc import Iterable

from deemster.policy.analysis.facts import consistent
from deemster.policy.analysis.goals import Every, Goal, Some, Want, take_apart

__all__ = ["Goal", "Want", "contradictory"]

_MOST_BRANCHES = 128
"""Ways through the alternatives that are looked at; beyond, nothing is claimed."""

_MOST_ATOMS = 500


def contradictory(goals: Iterable[Goal]) -> bool:
    """Whether it is proved that no call, token and user meet all of these requirements."""
    return not _Search().may_hold(list(goals), [], [])


class _Search:
    """Follows each way through the alternatives until one is found that may hold."""

    def __init__(self) -> None:
        self._branches = 0

    def may_hold(self, goals: list[Goal], atoms: list[Goal], choices: list[Some]) -> bool:
        """Whether `goals` may hold beside `atoms`, with one way of each choice."""
        while goals:
            goal = goals.pop()
            parts = take_apart(goal)
            if parts is None:
                atoms.append(goal)
            elif isinstance(parts, Every):
                goals.extend(parts.goals)
            else:
                choices.append(parts)
        self._branches += 1
        if self._branches > _MOST_BRANCHES or len(atoms) > _MOST_ATOMS:
            return True
        if not consistent(atoms):
            return False
        if not choices:
            return True
        choices.sort(key=lambda choice: len(choice.ways))
        first, rest = choices[0], choices[1:]
        return any(self.may_hold(list(way), list(atoms), list(rest)) for way in first.ways)
