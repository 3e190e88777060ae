"""From the settings to the service's listeners: sockets, limits, TLS, servers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from deemster.app import Application, new_id
from deemster.management.application import build_probe_application
from deemster.management.status import ServiceStatus
from deemster.model.clock import Clock
from deemster.serving.decisions_server import DecisionsServer
from deemster.serving.hypercorn_server import HypercornServer
from deemster.serving.management_server import ManagementServer
from deemster.serving.protocol import ConnectionLimits
from deemster.serving.reloading import Renewable
from deemster.serving.sockets import Address, open_listener
from deemster.serving.tls import ListenerTls
from deemster.settings import Settings
from deemster.settings.model import TlsSettings
from deemster.telemetry.service_log import ServiceLog

if TYPE_CHECKING:
    from deemster.serving.grpc_server import GrpcServer

__all__ = [
    "Deciding",
    "Listening",
    "Servers",
    "Watched",
    "management_tls",
    "open_deciding",
    "open_servers",
    "open_watched",
]


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the service really listens, after ports 0 were chosen."""

    decisions: Address
    management: Address
    ext_authz: Address | None = None
    probes: Address | None = None

    def shown(self) -> dict[str, str]:
        """Each listener that there is, and its address."""
        addresses = {
            "decisions": self.decisions,
            "management": self.management,
            "ext_authz": self.ext_authz,
            "probes": self.probes,
        }
        return {name: str(address) for name, address in addresses.items() if address is not None}


@dataclass(frozen=True, slots=True)
class Deciding:
    """What gateways ask, not started yet."""

    decisions: DecisionsServer | HypercornServer
    decisions_address: Address
    ext_authz: GrpcServer | None

    @property
    def ext_authz_address(self) -> Address | None:
        """None where nothing listens for it."""
        return None if self.ext_authz is None else self.ext_authz.address

    @property
    def renewable(self) -> Sequence[Renewable]:
        """Those that may speak TLS."""
        return [self.decisions] if self.ext_authz is None else [self.decisions, self.ext_authz]

    async def start(self) -> None:
        """Accept calls."""
        await self.decisions.start()
        if self.ext_authz is not None:
            await self.ext_authz.start()


@dataclass(frozen=True, slots=True)
class Watched:
    """What operators ask: up before anybody decides, down after the last decision.

    The listener of management, and that of probes where there is one.
    """

    servers: Sequence[ManagementServer]
    management: Address
    probes: Address | None

    async def start(self) -> None:
        """Accept calls."""
        for server in self.servers:
            await server.start()

    async def stop(self, within: float) -> None:
        """Accept no more, and give those in hand `within` seconds."""
        for server in self.servers:
            await server.stop(within)

    def discard(self) -> None:
        """Let go of the sockets of servers that are never started."""
        for server in self.servers:
            server.discard()


@dataclass(frozen=True, slots=True)
class Servers:
    """What serves in one process that does everything, not started yet."""

    deciding: Deciding
    watched: Watched
    listening: Listening

    @property
    def renewable(self) -> Sequence[Renewable]:
        """Those that may speak TLS."""
        return [*self.deciding.renewable, *self.watched.servers]


def open_servers(
    settings: Settings, application: Application, clock: Clock, log: ServiceLog
) -> Servers:
    """Bind every socket; nothing is accepted yet.

    Raises ConfigurationError where an address or a file of TLS cannot be used.
    """
    # Files first: nothing listens before what is to protect it can be used.
    tls = management_tls(settings)
    deciding = open_deciding(settings, application, clock, share_port=False)
    try:
        watched = open_watched(settings, application.management, application.status, tls)
    except BaseException:
        deciding.decisions.discard()
        raise
    listening = Listening(
        deciding.decisions_address, watched.management, deciding.ext_authz_address, watched.probes
    )
    return Servers(deciding, watched, listening)


def open_deciding(
    settings: Settings, application: Application, clock: Clock, *, share_port: bool
) -> Deciding:
    """What gateways ask; `share_port`: with other workers of the same service.

    Raises ConfigurationError where an address or a file of TLS cannot be used.
    """
    # Before any socket is open: only this one is bound by its library, and cannot be left behind.
    ext_authz = _open_ext_authz(settings, application, share_port=share_port)
    wanted = settings.listeners.decisions
    spoken = ["h2", "http/1.1"] if wanted.server == "hypercorn" else ["http/1.1"]
    tls = _tls(wanted.tls, "listeners.decisions.tls", spoken)
    listener, address = open_listener(
        wanted.bind.host,
        wanted.bind.port,
        setting="listeners.decisions.bind",
        share_port=share_port,
    )
    server = _decisions_server(settings, application, listener, clock, tls)
    return Deciding(server, address, ext_authz)


def management_tls(settings: Settings) -> ListenerTls | None:
    """What protects the management listener. Raises ConfigurationError."""
    return _tls(
        settings.listeners.management_tls,
        "listeners.management.tls",
        ["h2", "http/1.1"],
        compulsory=True,
    )


def open_watched(
    settings: Settings,
    application: Starlette,
    status: Callable[[], ServiceStatus],
    tls: ListenerTls | None,
) -> Watched:
    """The listener of management, served by `application`, and that of probes.

    Raises ConfigurationError.
    """
    wanted, probed = settings.listeners.management, settings.listeners.probes
    listener, address = open_listener(
        wanted.host, wanted.port, setting="listeners.management.bind", share_port=False
    )
    management = ManagementServer(application, listener, new_id=new_id, tls=tls)
    if probed is None:
        return Watched([management], address, None)
    try:
        listener, probes_address = open_listener(
            probed.host, probed.port, setting="listeners.probes.bind", share_port=False
        )
    except BaseException:
        management.discard()
        raise
    probes = ManagementServer(build_probe_application(status), listener, new_id=new_id)
    return Watched([management, probes], address, probes_address)


def _decisions_server(
    settings: Settings,
    application: Application,
    listener: socket.socket,
    clock: Clock,
    tls: ListenerTls | None,
) -> DecisionsServer | HypercornServer:
    limits = settings.limits
    of_connections = ConnectionLimits(
        connections=limits.connections,
        header_bytes=limits.headers,
        header_count=limits.header_count,
        header_seconds=limits.header_timeout,
        body_seconds=limits.body_timeout,
        idle_seconds=limits.idle_timeout,
        # Long enough for any decision, and for a gateway to take the answer.
        answer_seconds=limits.idle_timeout + settings.deadlines.decision,
    )
    counters = application.figures.connections
    if settings.listeners.decisions.server == "hypercorn":
        return HypercornServer(
            application.decisions,
            listener,
            limits=of_connections,
            counters=counters,
            new_id=new_id,
            tls=tls,
        )
    return DecisionsServer(
        application.decisions,
        listener,
        limits=of_connections,
        counters=counters,
        clock=clock,
        new_id=new_id,
        tls=tls,
    )


def _open_ext_authz(
    settings: Settings, application: Application, *, share_port: bool
) -> GrpcServer | None:
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
        share_port=share_port,
        tls=_tls(wanted.tls, "listeners.extAuthz.tls"),
    )


def _tls(
    tls: TlsSettings | None,
    setting: str,
    protocols: Sequence[str] = ("h2",),
    *,
    compulsory: bool = False,
) -> ListenerTls | None:
    if tls is None:
        return None
    return ListenerTls(tls, setting=setting, protocols=protocols, compulsory=compulsory)
