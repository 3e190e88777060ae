"""A clock that stands still; satisfies `deemster.model.clock.Clock`."""

from datetime import datetime

__all__ = ["FROZEN_AT", "FrozenClock"]

FROZEN_AT = datetime.fromisoformat("2026-11-22T12:00:00+00:00").timestamp()


class FrozenClock:
    """Both clocks move by `advance` and by nothing else."""

    def __init__(self, wall: float = FROZEN_AT, monotonic: float = 1000.0) -> None:
        self._wall = wall
        self._monotonic = monotonic

    def wall(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment, unrelated to `wall`."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass. Only the wall clock of a real machine steps back: see `set_wall`."""
        if seconds < 0:
            raise ValueError("a clock advances; use set_wall() to step the wall clock back")
        self._wall += seconds
        self._monotonic += seconds

    def set_wall(self, wall: float) -> None:
        """Step the wall clock, as an operator or NTP may, without monotonic time passing."""
        self._wall = wall
