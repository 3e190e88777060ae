"""The event loop's pulse: since when it has been working on what it found ready.

A loop that has more to do than time for works through hundreds of messages between two looks at
its timers. So a timer that is due all the time tells when the present round began, without a
system call or a task for any of its calls.

One long round is no overload: a collection of memory takes a moment, and the calls that came
meanwhile are answered in the next. Only a loop whose rounds are long one after the other is busy.
"""

from __future__ import annotations

import asyncio
from math import inf

from deemster.model.clock import Clock
from deemster.model.durations import Durations

__all__ = ["BEAT_SECONDS", "LoopPulse"]

BEAT_SECONDS = 0.02
_LAGS = (0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class LoopPulse:
    """Beats every `BEAT_SECONDS`, or once in each round of a loop whose rounds take longer.

    `busy_seconds`: what a round takes of a loop that has too much to do.
    """

    def __init__(self, clock: Clock, busy_seconds: float) -> None:
        self._clock = clock
        self._busy_seconds = busy_seconds
        self.lag = Durations(_LAGS)
        """By how much beats came late."""
        self._is_busy = False
        self._beat = inf
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to beat, on the loop that is running."""
        self._tick(asyncio.get_running_loop())

    def stop(self) -> None:
        """End: from here on nothing is late."""
        if self._timer is not None:
            self._timer.cancel()
        self._beat, self._is_busy = inf, False

    def noticed(self) -> float:
        """When the present round began: monotonic seconds, `BEAT_SECONDS` too early at most.

        Infinity where the round before was not a long one, and before it started.
        """
        return self._beat if self._is_busy else inf

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = self._clock.monotonic()
        since = now - self._beat
        self._is_busy = since > self._busy_seconds
        if since >= 0:
            self.lag.observe(max(0.0, since - BEAT_SECONDS))
        self._beat = now
        self._timer = loop.call_later(BEAT_SECONDS, self._tick, loop)
