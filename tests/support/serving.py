"""The service with real sockets in this process: what `serve` opens, less signals."""

from __future__ import annotations

import io
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deemster.app import Application, build_application
from deemster.model.clock import Clock, SystemClock
from deemster.serving.listeners import Servers, open_servers
from deemster.serving.reloading import Reloading
from deemster.telemetry.service_log import build_service_log
from tests.support.certificates import Issued
from tests.support.service import ServiceFolder

__all__ = ["Served", "client_context", "replaced", "served"]


@dataclass(frozen=True, slots=True)
class Served:
    """A service that listens."""

    app: Application
    servers: Servers
    log: io.StringIO

    @property
    def events(self) -> list[dict[str, object]]:
        """What the service log says so far."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    async def reload(self) -> None:
        """As SIGHUP does."""
        await Reloading(self.app, self.servers.renewable).reload()

    async def ask(
        self,
        body: object,
        *,
        tls: ssl.SSLContext | None = None,
        headers: Mapping[str, str] | None = None,
        path: str = "/sideband/request",
    ) -> httpx.Response:
        """Post on a connection of its own. Raises httpx.TransportError, e.g. on no handshake."""
        scheme = "http" if tls is None else "https"
        url = f"{scheme}://{self.servers.listening.decisions}{path}"
        async with httpx.AsyncClient(
            verify=tls if tls is not None else True, trust_env=False
        ) as client:
            return await client.post(url, json=body, headers=dict(headers or {}))


@asynccontextmanager
async def served(folder: ServiceFolder, clock: Clock | None = None) -> AsyncIterator[Served]:
    """Start it, and end it in order."""
    stream = io.StringIO()
    clock = clock if clock is not None else SystemClock()
    log = build_service_log(stream, clock)
    app = build_application(folder.settings(), clock=clock, log=log)
    try:
        await app.startup()
        servers = open_servers(app.settings, app, clock, log)
        await servers.deciding.start()
        await servers.watched.start()
        yield Served(app, servers, stream)
        if servers.deciding.ext_authz is not None:
            await servers.deciding.ext_authz.stop(1.0)
        await servers.deciding.decisions.stop(5.0)
        await servers.watched.stop(5.0)
    finally:
        await app.shutdown(5.0)


def client_context(ca: Path, shown: Issued | None = None) -> ssl.SSLContext:
    """Of a gateway that trusts `ca` and shows a certificate, if it has one."""
    context = ssl.create_default_context(cafile=ca)
    if shown is not None:
        context.load_cert_chain(shown.certificate, shown.key)
    return context


def replaced(folder: ServiceFolder, before: str, after: str) -> None:
    """Change the settings of a service that is not started yet."""
    text = folder.settings_file.read_text(encoding="utf-8")
    assert before in text
    folder.settings_file.write_text(text.replace(before, after), encoding="utf-8")
