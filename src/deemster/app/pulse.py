"""The event loop's pulse: since when it has been working on what it found ready.

A loop that has more to do than time for works through hundreds of messages between two looks at
its timers. So a timer that is due all the time tells when the present round began, without a
system call or a task for any of its calls.
"""

from __future__ import annotations

import asyncio
from math import inf

from deemster.model.clock import Clock

__all__ = ["BEAT_SECONDS", "LoopPulse"]

BEAT_SECONDS = 0.02


class LoopPulse:
    """Beats every `BEAT_SECONDS`, or once in each round of a loop whose rounds take longer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beat = inf
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to beat, on the loop that is running."""
        self._tick(asyncio.get_running_loop())

    def stop(self) -> None:
        """End: from here on nothing is late."""
        if self._timer is not None:
            self._timer.cancel()
        self._beat = inf

    def noticed(self) -> float:
        """Monotonic seconds, `BEAT_SECONDS` too early at most; infinity before it started."""
        return self._beat

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beat = self._clock.monotonic()
        self._timer = loop.call_later(BEAT_SECONDS, self._tick, loop)
