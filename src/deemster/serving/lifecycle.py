"""What every process that decides does at its start, after a load and at its end."""

from __future__ import annotations

import asyncio
import gc
import resource

from deemster.app import Application
from deemster.serving.listeners import Deciding
from deemster.telemetry.service_log import ServiceLog

__all__ = [
    "FINISH_SECONDS",
    "FLUSH_SECONDS",
    "end_deciding",
    "make_room_for_connections",
    "settle_memory",
]

FINISH_SECONDS = 10.0
"""What calls in hand may take after SIGTERM; Kubernetes waits 30 s before it kills."""
FLUSH_SECONDS = 5.0
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


def settle_memory() -> None:
    """Keep what was loaded out of garbage collection."""
    # A full collection over a large tree takes a tenth of a second, and it would come at any time
    # (facts/performance.md 2): now is better, and then never again for these objects.
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
