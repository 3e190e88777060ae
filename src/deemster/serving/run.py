"""`serve`: the service until a signal ends it, in one process or, with workers, in several.

SIGTERM and SIGINT: accept no more, finish what is in hand within a bound, flush the log. SIGHUP:
take settings, policies, secret files and certificates as they are now, or stay with what serves.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import uvloop

from deemster.app import build_application
from deemster.model.clock import Clock, SystemClock
from deemster.serving.lifecycle import (
    FLUSH_SECONDS,
    SettledMemory,
    end_deciding,
    make_room_for_connections,
)
from deemster.serving.listeners import Listening, open_servers
from deemster.serving.refreshing import Refreshing
from deemster.serving.reloading import Reloading
from deemster.serving.signals import listen_to_signals
from deemster.settings import Settings
from deemster.telemetry.service_log import ServiceLog, adopt_standard_logging, build_service_log

__all__ = ["Listening", "serve"]

MANAGEMENT_SECONDS = 2.0


def serve(
    settings: Settings,
    *,
    on_started: Callable[[Listening], None] | None = None,
    reread: Callable[[], Settings] | None = None,
) -> None:
    """Run the service until a signal ends it; returns after an orderly end.

    Raises ConfigurationError or PolicyError before anything listens. `on_started` is called once
    all listeners accept connections. `reread` reads the settings as they are now, for a reload.
    """
    clock = SystemClock()
    log = build_service_log(sys.stderr, clock)
    adopt_standard_logging(log)
    run = _serve
    if settings.listeners.decisions.workers > 1:
        from deemster.serving.supervisor import supervise

        run = supervise
    else:
        make_room_for_connections(settings.limits.connections, log)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings, clock, log, on_started, reread))


async def _serve(
    settings: Settings,
    clock: Clock,
    log: ServiceLog,
    on_started: Callable[[Listening], None] | None,
    reread: Callable[[], Settings] | None,
) -> None:
    application = build_application(
        settings, clock=clock, log=log, after_load=SettledMemory(clock).settle
    )
    try:
        await application.startup()
        servers = open_servers(settings, application, clock, log)
    except BaseException:
        await application.shutdown(FLUSH_SECONDS)
        raise
    ended = asyncio.Event()
    listen_to_signals(ended, Reloading(application, servers.renewable, reread).reload)
    refreshing = Refreshing(application, application.refresh, log)
    await servers.watched.start()
    await servers.deciding.start()
    refreshing.start()
    log.info("service_started", **servers.listening.shown(), environment=settings.environment)
    if on_started is not None:
        on_started(servers.listening)
    await ended.wait()
    log.info("service_ending")
    await refreshing.end()
    await end_deciding(application, servers.deciding)
    await application.shutdown(FLUSH_SECONDS)
    # Last, so that operators see the end from outside.
    await servers.watched.stop(MANAGEMENT_SECONDS)
    log.info("service_ended")
