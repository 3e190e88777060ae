"""Time as an argument: wall time for tokens and policies, monotonic for deadlines and caches."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """What every part that needs the time is given."""

    def wall(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        ...

    def monotonic(self) -> float:
        """Seconds that never step back."""
        ...


class SystemClock:
    """The machine's clocks; the functions themselves, so that a reading costs one call."""

    wall = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
