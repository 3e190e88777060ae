"""`serve`: one process, one event loop, two listeners, until a signal ends it.

SIGTERM and SIGINT: accept no more, finish what is in hand within a bound, flush the log. SIGHUP:
take policies and secret files as they are now, or stay with what serves.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import uvloop

from deemster.app import Application, build_application, new_id
from deemster.model.clock import Clock, SystemClock
from deemster.serving.decisions_server import DecisionsServer
from deemster.serving.management_server import ManagementServer
from deemster.serving.protocol import ConnectionLimits
from deemster.serving.sockets import Address, open_listener
from deemster.settings import Settings
from deemster.telemetry.service_log import ServiceLog, adopt_standard_logging, build_service_log

if TYPE_CHECKING:
    from deemster.serving.grpc_server import GrpcServer

__all__ = ["Listening", "serve"]

FINISH_SECONDS = 10.0
"""What calls in hand may take after SIGTERM; Kubernetes waits 30 s before it kills."""
FLUSH_SECONDS = 5.0
MANAGEMENT_SECONDS = 2.0
SPARE_DESCRIPTORS = 128
"""For listeners, logs, directories, key fetches and the management listener."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the service really listens, after ports 0 were chosen."""

    decisions: Address
    management: Address
    ext_authz: Address | None = None


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
        ext_authz = _open_ext_authz(settings, application)
        servers = _open(settings, application, clock, log)
    except BaseException:
        await application.shutdown(FLUSH_SECONDS)
        raise
    decisions, management, listening = servers
    told = {}
    if ext_authz is not None:
        listening = replace(listening, ext_authz=ext_authz.address)
        told["ext_authz"] = str(ext_authz.address)
    ended = asyncio.Event()
    _listen_to_signals(ended, application)
    await management.start()
    await decisions.start()
    if ext_authz is not None:
        await ext_authz.start()
    log.info(
        "service_started",
        decisions=str(listening.decisions),
        management=str(listening.management),
        environment=settings.environment,
        **told,
    )
    if on_started is not None:
        on_started(listening)
    await ended.wait()
    log.info("service_ending")
    application.begin_to_end()
    async with asyncio.TaskGroup() as ending:
        ending.create_task(decisions.stop(FINISH_SECONDS))
        if ext_authz is not None:
            ending.create_task(ext_authz.stop(FINISH_SECONDS))
    await application.shutdown(FLUSH_SECONDS)
    # Last, so that operators see the end from outside.
    await management.stop(MANAGEMENT_SECONDS)
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


def _open_ext_authz(settings: Settings, application: Application) -> GrpcServer | None:
    wanted = settings.listeners.ext_authz
    if wanted is None or application.ext_authz is None:
        return None
    from deemster.serving.grpc_server import GrpcServer

    return GrpcServer(
        application.ext_authz,
        wanted.bind.host,
        wanted.bind.port,
        metadata_bytes=settings.limits.headers,
        setting="listeners.extAuthz.bind",
    )


def _open(
    settings: Settings, application: Application, clock: Clock, log: ServiceLog
) -> tuple[DecisionsServer, ManagementServer, Listening]:
    decisions_bind = settings.listeners.decisions.bind
    management_bind = settings.listeners.management
    decisions, decisions_address = open_listener(
        decisions_bind.host,
        decisions_bind.port,
        setting="listeners.decisions.bind",
        share_port=False,
    )
    try:
        management, management_address = open_listener(
            management_bind.host,
            management_bind.port,
            setting="listeners.management.bind",
            share_port=False,
        )
    except BaseException:
        decisions.close()
        raise
    limits = settings.limits
    decisions_server = DecisionsServer(
        application.decisions,
        decisions,
        limits=ConnectionLimits(
            connections=limits.connections,
            header_bytes=limits.headers,
            header_count=limits.header_count,
            header_seconds=limits.header_timeout,
            body_seconds=limits.body_timeout,
            idle_seconds=limits.idle_timeout,
            # Long enough for any decision, and for a gateway to take the answer.
            answer_seconds=limits.idle_timeout + settings.deadlines.decision,
        ),
        counters=application.figures.connections,
        clock=clock,
        new_id=new_id,
    )
    return (
        decisions_server,
        ManagementServer(
            application.management,
            management,
            # Deciding goes on: nobody is served better by a gateway without a decision point.
            on_failure=lambda fault: log.error("management_listener_failed", exc_info=fault),
        ),
        Listening(decisions_address, management_address),
    )


def _listen_to_signals(ended: asyncio.Event, application: Application) -> None:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[bool]] = set()

    def reload() -> None:
        # The loop holds tasks weakly; somebody has to hold them until they are done.
        task = loop.create_task(application.reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
