"""What every process that decides does at its start, after a load and at its end."""

from __future__ import annotations

import asyncio
import gc
import resource
from collections.abc import Callable

from deemster.app import Application
from deemster.model.clock import Clock
from deemster.serving.listeners import Deciding
from deemster.telemetry.service_log import ServiceLog

__all__ = [
    "FINISH_SECONDS",
    "FLUSH_SECONDS",
    "SettledMemory",
    "end_deciding",
    "make_room_for_connections",
]

FINISH_SECONDS = 10.0
"""What calls in hand may take after SIGTERM; Kubernetes waits 30 s before it kills."""
FLUSH_SECONDS = 5.0
SETTLED_EVERY = 10.0
THRESHOLDS = (20_000, 50, 100)
"""Allocations before the youngest generation is collected; how often before the older ones."""
SPARE_DESCRIPTORS = 128
"""For listeners, logs, directories, key fetches and the management listener."""


def make_room_for_connections(connections: int, log: ServiceLog) -> None:
    """Raise the soft limit of open files, so that `limits.connections` is met and not the limit."""
    wanted = connections + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        log.warning("open_files_limit_found_too_low", limit=hard, wanted=wanted)
        wanted = hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class SettledMemory:
    """Keeps what was loaded out of garbage collection.

    A full collection over a large tree takes a tenth of a second, and it would come at any time
    (facts/performance.md 2): after a load is better, and then never again for these objects. With
    many reloads in a row it is done once in SETTLED_EVERY seconds, and after the last of them.
    """

    def __init__(self, clock: Clock, settle: Callable[[], None] | None = None) -> None:
        self._clock = clock
        self._settle = settle or _settle
        self._last = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def settle(self) -> None:
        """Now, or soon; called on the event loop."""
        wait = self._last + SETTLED_EVERY - self._clock.monotonic()
        if wait <= 0:
            self._now()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self._now)

    def _now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._last = self._clock.monotonic()
        self._settle()


def _settle() -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    # What calls allocate is gone with them: there is little to look for, and looking through
    # 50,000 remembered tokens takes half a second (docs/benchmarks.md).
    gc.set_threshold(*THRESHOLDS)


async def end_deciding(application: Application, deciding: Deciding) -> None:
    """Accept no more, and finish what is in hand within FINISH_SECONDS."""
    application.begin_to_end()
    async with asyncio.TaskGroup() as ending:
        ending.create_task(deciding.decisions.stop(FINISH_SECONDS))
        if deciding.ext_authz is not None:
            ending.create_task(deciding.ext_authz.stop(FINISH_SECONDS))
