"""`serve`: one process, one event loop, two listeners, until a signal ends it.

SIGTERM and SIGINT: accept no more, finish what is in hand within a bound, flush the log. SIGHUP:
take policies, secret files and certificates as they are now, or stay with what serves.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import sys
from collections.abc import Callable

import uvloop

from deemster.app import build_application
from deemster.model.clock import Clock, SystemClock
from deemster.serving.listeners import Listening, open_servers
from deemster.serving.reloading import Reloading
from deemster.settings import Settings
from deemster.telemetry.service_log import ServiceLog, adopt_standard_logging, build_service_log

__all__ = ["Listening", "serve"]

FINISH_SECONDS = 10.0
"""What calls in hand may take after SIGTERM; Kubernetes waits 30 s before it kills."""
FLUSH_SECONDS = 5.0
MANAGEMENT_SECONDS = 2.0
SPARE_DESCRIPTORS = 128
"""For listeners, logs, directories, key fetches and the management listener."""


def serve(settings: Settings, *, on_started: Callable[[Listening], None] | None = None) -> None:
    """Run the service until a signal ends it; returns after an orderly end.

    Raises ConfigurationError or PolicyError before anything listens. `on_started` is called once
    both listeners accept connections.
    """
    clock = SystemClock()
    log = build_service_log(sys.stderr, clock)
    adopt_standard_logging(log)
    _make_room_for_connections(settings.limits.connections, log)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, clock, log, on_started))


async def _serve(
    settings: Settings,
    clock: Clock,
    log: ServiceLog,
    on_started: Callable[[Listening], None] | None,
) -> None:
    application = build_application(settings, clock=clock, log=log, after_load=_settle_memory)
    try:
        await application.startup()
        servers = open_servers(settings, application, clock, log)
    except BaseException:
        await application.shutdown(FLUSH_SECONDS)
        raise
    ended = asyncio.Event()
    _listen_to_signals(ended, Reloading(application, servers.renewable))
    await servers.management.start()
    await servers.decisions.start()
    if servers.ext_authz is not None:
        await servers.ext_authz.start()
    log.info("service_started", **servers.listening.shown(), environment=settings.environment)
    if on_started is not None:
        on_started(servers.listening)
    await ended.wait()
    log.info("service_ending")
    application.begin_to_end()
    async with asyncio.TaskGroup() as ending:
        ending.create_task(servers.decisions.stop(FINISH_SECONDS))
        if servers.ext_authz is not None:
            ending.create_task(servers.ext_authz.stop(FINISH_SECONDS))
    await application.shutdown(FLUSH_SECONDS)
    # Last, so that operators see the end from outside.
    await servers.management.stop(MANAGEMENT_SECONDS)
    log.info("service_ended")


def _make_room_for_connections(connections: int, log: ServiceLog) -> None:
    """Raise the soft limit of open files, so that `limits.connections` is met and not the limit."""
    wanted = connections + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        log.warning("open_files_limit_found_too_low", limit=hard, wanted=wanted)
        wanted = hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _settle_memory() -> None:
    # A full collection over a large tree takes a tenth of a second, and it would come at any time
    # (facts/performance.md 2): now is better, and then never again for these objects.
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _listen_to_signals(ended: asyncio.Event, reloading: Reloading) -> None:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        # The loop holds tasks weakly; somebody has to hold them until they are done.
        task = loop.create_task(reloading.reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
