"""`serve` with several workers: this process owns management, the workers decide.

settings ► checked here, policies loaded once ► the ports that workers share ► workers ► management

A reload is tried here first, and told to the workers, one after the other, only where it is good:
what is refused here never reaches an answer. Policies are read, polled for and tested here alone;
the workers are handed the same octets, and one that starts later gets what the others have. Each
answer is of one revision, because each worker swaps one reference.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import replace

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from deemster import __version__
from deemster.app import Application, build_application
from deemster.errors import ConfigurationError
from deemster.management.application import build_management_application
from deemster.management.status import ServiceStatus
from deemster.model.clock import Clock
from deemster.serving.crew import Crew, WorkerFailedError
from deemster.serving.lifecycle import FINISH_SECONDS, FLUSH_SECONDS
from deemster.serving.listeners import Listening, Watched, management_tls, open_watched
from deemster.serving.refreshing import Refreshing
from deemster.serving.reloading import Reloading
from deemster.serving.signals import listen_to_signals
from deemster.serving.sockets import Address, reserve_port
from deemster.settings import Settings
from deemster.settings.model import Bind, StateKeySettings
from deemster.settings.secret import Secret
from deemster.telemetry.merging import OF_ONE, MergedFamilies
from deemster.telemetry.metrics import register_figures
from deemster.telemetry.service_log import ServiceLog

__all__ = ["supervise"]

MANAGEMENT_SECONDS = 2.0
END_SECONDS = FINISH_SECONDS + FLUSH_SECONDS + 2.0
"""What a worker may take to end in order; then it is killed."""


async def supervise(
    settings: Settings,
    clock: Clock,
    log: ServiceLog,
    on_started: Callable[[Listening], None] | None,
    reread: Callable[[], Settings] | None,
) -> None:
    """Run workers and management until a signal ends it.

    Raises ConfigurationError or PolicyError before anything serves.
    """
    # Not to decide with: to find out what is wrong before anybody listens, and to reload first.
    checked = build_application(settings, clock=clock, log=log)
    await checked.check()
    reserved: list[socket.socket] = []
    try:
        settings, addresses = _with_ports(_with_a_state_key(settings), reserved)
        service = _Service(settings, checked, clock, log)
        tls = management_tls(settings)
        watched = open_watched(settings, service.management, service.status, tls)
    except BaseException:
        _close(reserved)
        await checked.shutdown(FLUSH_SECONDS)
        raise
    try:
        await service.crew.start()
    except WorkerFailedError as failed:
        watched.discard()
        raise ConfigurationError(f"a worker did not start: {failed}") from None
    finally:
        # The workers' own sockets hold the ports from here on; if one dies, the others do.
        if not service.crew.serving:
            _close(reserved)
            await checked.shutdown(FLUSH_SECONDS)
    ended = asyncio.Event()
    reloading = Reloading(checked, watched.servers, reread)
    listen_to_signals(ended, lambda: service.reload(reloading))
    refreshing = Refreshing(checked, service.refresh, log)
    refreshing.start()
    await watched.start()
    listening = Listening(addresses[0], watched.management, addresses[1], watched.probes)
    log.info(
        "service_started",
        **listening.shown(),
        environment=settings.environment,
        workers=service.crew.wanted,
    )
    if on_started is not None:
        on_started(listening)
    await ended.wait()
    await refreshing.end()
    await _end(service, checked, watched, reserved, log)


async def _end(
    service: _Service,
    checked: Application,
    watched: Watched,
    reserved: list[socket.socket],
    log: ServiceLog,
) -> None:
    log.info("service_ending")
    checked.begin_to_end()
    await service.crew.end(END_SECONDS)
    _close(reserved)
    await checked.shutdown(FLUSH_SECONDS)
    # Last, so that operators see the end from outside.
    await watched.stop(MANAGEMENT_SECONDS)
    log.info("service_ended")


class _Service:
    """What is told of all the workers together."""

    def __init__(
        self, settings: Settings, checked: Application, clock: Clock, log: ServiceLog
    ) -> None:
        self._checked = checked
        self._figures = MergedFamilies()
        self._degraded: str | None = None
        self.crew = Crew(
            settings,
            clock=clock,
            log=log,
            on_gone=self._figures.bury,
            policies=checked.shared_policies(),
        )
        self._rolling_out = asyncio.Lock()
        own = CollectorRegistry(auto_describe=False)
        register_figures(own, checked.figures, __version__)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_ServiceCollector(own, self._figures, self.crew))
        self.management = build_management_application(
            status=self.status,
            registry=registry,
            version=__version__,
            openapi=checked.openapi,
            refresh=self._ask_for_figures,
        )

    def status(self) -> ServiceStatus:
        """As one process tells it; ready where anybody decides."""
        told = self._checked.status()
        degraded = told.degraded or self._degraded
        missing = self.crew.wanted - len(self.crew.serving)
        if degraded is None and missing:
            degraded = f"{missing} of {self.crew.wanted} workers are not there"
        differ = len(self.crew.revisions) > 1 and not self._rolling_out.locked()
        if degraded is None and differ:
            degraded = "workers serve different revisions"
        return replace(
            told,
            ready=told.ready and bool(self.crew.serving),
            degraded=degraded,
            workers=(len(self.crew.serving), self.crew.wanted),
        )

    async def reload(self, reloading: Reloading) -> None:
        """Here first; then, where that was good, everywhere."""
        if await reloading.reload():
            async with self._rolling_out:
                refused = await self.crew.reload(
                    self._checked.shared_policies(), self._checked.settings
                )
                self._degraded = "; ".join(refused) or None

    async def refresh(self) -> None:
        """The same of policies alone. How old they are is told to the workers in any case."""
        await self._checked.refresh()
        async with self._rolling_out:
            refused = await self.crew.refresh(self._checked.shared_policies())
            self._degraded = "; ".join(refused) or None

    async def _ask_for_figures(self) -> None:
        for number, told in (await self.crew.ask_all("report")).items():
            self._figures.tell(number, told["families"])


class _ServiceCollector(Collector):
    """What the workers counted, what is the service's own, and how the workers are."""

    def __init__(self, own: CollectorRegistry, merged: MergedFamilies, crew: Crew) -> None:
        self._own = own
        self._merged = merged
        self._crew = crew

    def collect(self) -> Iterable[Metric]:
        """As prometheus_client's Collector says."""
        for family in self._own.collect():
            if family.name in OF_ONE or family.name.startswith("process_"):
                yield family
        yield from self._merged.families()
        yield GaugeMetricFamily(
            "deemster_workers", "Workers that serve.", value=len(self._crew.serving)
        )
        yield GaugeMetricFamily(
            "deemster_workers_wanted", "Workers that should serve.", value=self._crew.wanted
        )
        yield CounterMetricFamily(
            "deemster_worker_restarts",
            "Attempts to start a worker in place of one that ended.",
            value=self._crew.restarts,
        )


def _with_a_state_key(settings: Settings) -> Settings:
    """Any worker opens what another one sealed; without keys of the operator's, by one of ours."""
    if settings.state_keys:
        return settings
    drawn = StateKeySettings("service", Secret(os.urandom(32).hex(), "this run of the service"))
    return replace(settings, state_keys=(drawn,))


def _with_ports(
    settings: Settings, reserved: list[socket.socket]
) -> tuple[Settings, tuple[Address, Address | None]]:
    """The settings with the ports that are now ours, and where that is."""
    listeners = settings.listeners
    decisions = _reserved(listeners.decisions.bind, "listeners.decisions.bind", reserved)
    changed = replace(
        listeners,
        decisions=replace(
            listeners.decisions, bind=replace(listeners.decisions.bind, port=decisions.port)
        ),
    )
    ext_authz = None
    if listeners.ext_authz is not None:
        bind = listeners.ext_authz.bind
        ext_authz = _reserved(bind, "listeners.extAuthz.bind", reserved)
        changed = replace(
            changed,
            ext_authz=replace(listeners.ext_authz, bind=replace(bind, port=ext_authz.port)),
        )
    return replace(settings, listeners=changed), (decisions, ext_authz)


def _reserved(bind: Bind, setting: str, reserved: list[socket.socket]) -> Address:
    held, address = reserve_port(bind.host, bind.port, setting=setting)
    reserved.append(held)
    return address


def _close(reserved: list[socket.socket]) -> None:
    for held in reserved:
        held.close()
