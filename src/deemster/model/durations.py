"""How long something took, counted as a histogram of plain numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["Durations"]


class Durations:
    """Counts of one process; `bounds` are upper ones in seconds, and one more bucket is open."""

    __slots__ = ("bounds", "buckets", "seconds")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.buckets = [0] * (len(self.bounds) + 1)
        self.seconds = 0.0
        """All of them together."""

    def observe(self, seconds: float) -> None:
        """One more."""
        self.buckets[bisect_left(self.bounds, seconds)] += 1
        self.seconds += seconds
