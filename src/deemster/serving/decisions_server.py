"""The decisions listener: uvicorn's protocol on our socket, without uvicorn's process model."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from email.utils import formatdate

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from deemster.model.clock import Clock
from deemster.serving.accepting import Accepting
from deemster.serving.protocol import ConnectionLimits, TimedHttpProtocol
from deemster.serving.tls import ListenerTls
from deemster.telemetry.metrics import CloseCause, ConnectionCounters

__all__ = ["DecisionsServer"]

SWEEP_SECONDS = 0.25


class DecisionsServer:
    """Serves one ASGI application (HTTP only) on one socket."""

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        limits: ConnectionLimits,
        counters: ConnectionCounters,
        clock: Clock,
        new_id: Callable[[], str],
        tls: ListenerTls | None = None,
    ) -> None:
        self._accepting = Accepting(listener, tls, handshake_seconds=limits.header_seconds)
        self._tls = tls
        self._limits = limits
        self._counters = counters
        self._clock = clock
        self._new_id = new_id
        self._state = ServerState()
        self._sweep: asyncio.Task[None] | None = None
        self._config = Config(
            app,
            http=TimedHttpProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # the gateway protocol says who the client is, and nothing else
            forwarded_allow_ips="",
            server_header=False,
            workers=1,
        )
        self._config.load()

    async def start(self) -> None:
        """Begin to accept connections."""
        loop = asyncio.get_running_loop()

        def connection() -> TimedHttpProtocol:
            return TimedHttpProtocol(
                config=self._config,
                server_state=self._state,
                loop=loop,
                limits=self._limits,
                counters=self._counters,
                new_id=self._new_id,
            )

        self._renew_date()
        await self._accepting.start(connection)
        self._sweep = loop.create_task(self._sweep_regularly())

    def discard(self) -> None:
        """Let go of the socket of a server that is never started."""
        self._accepting.close()

    def prepare_tls(self) -> None:
        """Read the files of TLS anew, for `renew_tls`. Raises ConfigurationError."""
        if self._tls is not None:
            self._tls.prepare()

    async def renew_tls(self) -> None:
        """Take what `prepare_tls` read; connections go on as they were negotiated.

        Where other CAs are believed from now on, a connection that a certificate of the earlier
        ones opened ends with its next answer.
        """
        if self._tls is None:
            return
        others_believed = self._tls.take()
        await self._accepting.renew()
        if others_believed:
            for connection in self._open_connections():
                connection.end_with_next_answer()

    async def stop(self, within: float) -> None:
        """Accept no more, finish the calls in hand, and after `within` seconds cut off the rest.

        What is cut off gets no answer at all: an answer of the server's own (500) opens a gateway
        that fails open (facts/security.md 1.11, F15 and F20).
        """
        self._accepting.close()
        for connection in self._open_connections():
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._all_done()
        for connection in self._open_connections():
            self._counters.count_closed(CloseCause.SHUTDOWN)
            connection.transport.abort()
        # The transports first: a cancelled task of uvicorn's would answer 500.
        await asyncio.sleep(0)
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        if self._sweep is not None:
            self._sweep.cancel()
            await asyncio.gather(self._sweep, return_exceptions=True)

    async def _all_done(self) -> None:
        while self._state.connections or self._state.tasks:  # noqa: ASYNC110  uvicorn's sets, no event
            await asyncio.sleep(0.02)

    async def _sweep_regularly(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._renew_date()
            now = loop.time()
            for connection in self._open_connections():
                if connection.deadline < now:
                    self._end(connection)

    def _end(self, connection: TimedHttpProtocol) -> None:
        try:
            connection.end_overdue()
        except Exception:  # noqa: BLE001  one odd connection must not stop the clock of the others
            connection.transport.abort()

    def _open_connections(self) -> list[TimedHttpProtocol]:
        return [c for c in self._state.connections if isinstance(c, TimedHttpProtocol)]

    def _renew_date(self) -> None:
        # RFC 9110 6.6.1: an origin server with a clock MUST generate Date.
        date = formatdate(self._clock.wall(), usegmt=True).encode("ascii")
        self._state.default_headers = [(b"date", date)]
