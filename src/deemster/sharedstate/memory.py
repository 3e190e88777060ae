"""What must be remembered once, remembered by this process."""

from __future__ import annotations

from heapq import heappop, heappush

from deemster.errors import DependencyUnavailableError
from deemster.model.clock import Clock

__all__ = ["MOST_USES", "MemoryOfUses", "NoMemory"]

MOST_USES = 200_000
"""Proofs that may be live at a time: 1,600 a second for two minutes; about 40 MB."""


class MemoryOfUses:
    """A ReplayMemory of one process.

    Key: as given. Bound: `most` entries, none of which makes room before its time: what is full
    refuses. Time: an entry is forgotten when its end has passed by the wall clock; and whatever
    ends no later than something that was forgotten is taken for used. So no step of the clock
    brings a used one back, and with clocks that do not step nobody notices.
    """

    def __init__(self, clock: Clock, *, most: int = MOST_USES) -> None:
        self._clock = clock
        self._most = most
        self._used: set[str] = set()
        self._ends: list[tuple[float, str]] = []
        self._forgotten_until = float("-inf")

    def __len__(self) -> int:
        """Entries that are kept."""
        return len(self._used)

    def first_use(self, key: str, until: float) -> bool:
        """As ReplayMemory says, at once."""
        now = self._clock.wall()
        ends = self._ends
        while ends and ends[0][0] < now:
            self._forgotten_until, forgotten = heappop(ends)
            self._used.discard(forgotten)
        if key in self._used or until <= self._forgotten_until:
            return False
        if len(self._used) >= self._most:
            raise DependencyUnavailableError("the memory of used proofs", detail="it is full")
        self._used.add(key)
        heappush(ends, (until, key))
        return True


class NoMemory:
    """A ReplayMemory where there should be one and is none: nothing can be used."""

    def __init__(self, what: str) -> None:
        self._what = what

    def first_use(self, key: str, until: float) -> bool:
        """Always raises DependencyUnavailableError."""
        raise DependencyUnavailableError(self._what, detail="there is none")
