"""Time during a test run: it stands still, at what each case says."""

from __future__ import annotations

__all__ = ["StandingClock"]


class StandingClock:
    """Satisfies `model.clock.Clock`. Monotonic time never moves, so nothing is ever too late."""

    def __init__(self) -> None:
        self._wall = 0.0

    def set(self, wall: float) -> None:
        """Let the next decision be made at `wall`, epoch seconds."""
        self._wall = wall

    def wall(self) -> float:
        """Epoch seconds."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment."""
        return 0.0
