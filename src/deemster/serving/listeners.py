"""From the settings to the service's listeners: sockets, limits, TLS, servers."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deemster.app import Application, new_id
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

__all__ = ["Listening", "Servers", "open_servers"]


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the service really listens, after ports 0 were chosen."""

    decisions: Address
    management: Address
    ext_authz: Address | None = None

    def shown(self) -> dict[str, str]:
        """Each listener that there is, and its address."""
        addresses = {
            "decisions": self.decisions,
            "management": self.management,
            "ext_authz": self.ext_authz,
        }
        return {name: str(address) for name, address in addresses.items() if address is not None}


@dataclass(frozen=True, slots=True)
class Servers:
    """What serves, not started yet."""

    decisions: DecisionsServer | HypercornServer
    management: ManagementServer
    ext_authz: GrpcServer | None
    listening: Listening

    @property
    def renewable(self) -> Sequence[Renewable]:
        """Those that may speak TLS."""
        listeners: list[Renewable] = [self.decisions, self.management]
        return listeners if self.ext_authz is None else [*listeners, self.ext_authz]


def open_servers(
    settings: Settings, application: Application, clock: Clock, log: ServiceLog
) -> Servers:
    """Bind every socket; nothing is accepted yet.

    Raises ConfigurationError where an address or a file of TLS cannot be used.
    """
    # Before any socket is open: only this one is bound by its library, and cannot be left behind.
    ext_authz = _open_ext_authz(settings, application)
    decisions_bind = settings.listeners.decisions.bind
    # Files first: nothing listens before what is to protect it can be used.
    wanted = settings.listeners.decisions
    spoken = ["h2", "http/1.1"] if wanted.server == "hypercorn" else ["http/1.1"]
    tls = _tls(wanted.tls, "listeners.decisions.tls", spoken)
    management_tls = _tls(
        settings.listeners.management_tls,
        "listeners.management.tls",
        ["h2", "http/1.1"],
        compulsory=True,
    )
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
    decisions_server = _decisions_server(settings, application, decisions, clock, tls)
    return Servers(
        decisions_server,
        ManagementServer(application.management, management, new_id=new_id, tls=management_tls),
        ext_authz,
        Listening(
            decisions_address,
            management_address,
            None if ext_authz is None else ext_authz.address,
        ),
    )


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
