"""Hypercorn's protocols on our socket: HTTP/1.1 and HTTP/2, with the limits of the other server.

Without Hypercorn's process model, for the reasons of `decisions_server.py`: connections are ended
by our clock, and at the end nobody hears a 500.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from enum import Enum
from typing import cast

from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.typing import AppWrapper, ConnectionState
from hypercorn.utils import parse_socket_addr
from starlette.types import ASGIApp, Receive, Scope, Send

from deemster.gateways.http_endpoint import PEER_CERTIFICATE
from deemster.serving.accepting import Accepting
from deemster.serving.hypercorn_protocol import Rules, StrictProtocol, refusal
from deemster.serving.protocol import ConnectionLimits
from deemster.serving.tls import ListenerTls, peer_certificate
from deemster.telemetry.metrics import CloseCause, ConnectionCounters

__all__ = ["HypercornServer"]

SWEEP_SECONDS = 0.25
NEVER = 2**31


class _Stage(Enum):
    """What a connection is waiting for; the value says what it means to wait too long."""

    IDLE = CloseCause.IDLE
    HEADER = CloseCause.HEADER_TIME
    CALL = CloseCause.ANSWER_TIME


class HypercornServer:
    """Serves one ASGI application (HTTP only) on one socket."""

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        limits: ConnectionLimits,
        counters: ConnectionCounters,
        new_id: Callable[[], str],
        tls: ListenerTls | None = None,
    ) -> None:
        self.app = app
        self.limits = limits
        self.counters = counters
        self.new_id = new_id
        self.context = WorkerContext(None)
        self.connections: set[_Connection] = set()
        self.config = _config(limits)
        self._accepting = Accepting(listener, tls, handshake_seconds=limits.header_seconds)
        self._tls = tls
        self._sweep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to accept connections."""
        loop = asyncio.get_running_loop()

        def connection() -> asyncio.StreamReaderProtocol:
            reader = asyncio.StreamReader(limit=MAX_RECV, loop=loop)
            return asyncio.StreamReaderProtocol(reader, self._accepted, loop=loop)

        await self._accepting.start(connection)
        self._sweep = loop.create_task(self._sweep_regularly())

    def discard(self) -> None:
        """Let go of the socket of a server that is never started."""
        self._accepting.close()

    def prepare_tls(self) -> None:
        """See Renewable."""
        if self._tls is not None:
            self._tls.prepare()

    async def renew_tls(self) -> None:
        """As that of the other server."""
        if self._tls is None:
            return
        others_believed = self._tls.take()
        await self._accepting.renew()
        if others_believed:
            for connection in self.connections:
                connection.end_with_next_answer()

    async def stop(self, within: float) -> None:
        """Accept no more, finish the calls in hand, and after `within` seconds cut off the rest.

        What is cut off gets no answer at all, as of the other server.
        """
        self._accepting.close()
        await self.context.terminated.set()
        for connection in list(self.connections):
            await connection.end_if_idle()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.connections:  # noqa: ASYNC110  a set, no event
                    await asyncio.sleep(0.02)
        rest = list(self.connections)
        for connection in rest:
            self.counters.count_closed(CloseCause.SHUTDOWN)
            connection.writer.transport.abort()
        # The transports first: a cancelled task would answer 500.
        await asyncio.sleep(0)
        for connection in rest:
            connection.task.cancel()
        await asyncio.gather(*[connection.task for connection in rest], return_exceptions=True)
        if self._sweep is not None:
            self._sweep.cancel()
            await asyncio.gather(self._sweep, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self.connections) >= self.limits.connections:
            self.counters.count_closed(CloseCause.TOO_MANY)
            writer.transport.abort()
            return
        connection = _Connection(self, reader, writer)
        self.connections.add(connection)
        self.counters.open += 1
        connection.task.add_done_callback(lambda _: self._ended(connection))

    def _ended(self, connection: _Connection) -> None:
        self.connections.discard(connection)
        self.counters.open -= 1
        if not connection.task.cancelled():
            connection.task.exception()

    async def _sweep_regularly(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = asyncio.get_running_loop().time()
            for connection in list(self.connections):
                if connection.deadline < now:
                    connection.end_overdue()


class _Connection(TCPServer):
    """One connection, served by `task` until it ends."""

    def __init__(
        self, server: HypercornServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            cast("AppWrapper", self._call),
            loop,
            server.config,
            server.context,
            ConnectionState({}),
            reader,
            writer,
        )
        self._served = server
        self._peer = peer_certificate(writer.transport)
        self._last_call = False
        self._is_ended = False
        self._strict: StrictProtocol | None = None
        self._enter(_Stage.IDLE, server.limits.idle_seconds)
        self.task = loop.create_task(self.run())

    async def run(self) -> None:
        """Until the connection ends; whatever its peer does, no exception leaves."""
        try:
            await self._run()
        except (asyncio.CancelledError, GeneratorExit):
            raise
        except BaseException:  # noqa: BLE001  (one odd connection is no other's business)
            self.writer.transport.abort()
        finally:
            await self._close()

    async def _run(self) -> None:
        limits = self._served.limits
        link = self.writer.get_extra_info("socket")
        tls = self.writer.get_extra_info("ssl_object")
        async with TaskGroup(self.loop) as task_group:
            self._task_group = task_group
            self.protocol = self._strict = StrictProtocol(
                self.app,
                self.config,
                self.context,
                task_group,
                ConnectionState(self.state),
                tls is not None,
                parse_socket_addr(link.family, link.getpeername()),
                parse_socket_addr(link.family, link.getsockname()),
                self.protocol_send,
                "http/1.1" if tls is None else tls.selected_alpn_protocol(),
                rules=Rules(
                    header_bytes=limits.header_bytes,
                    header_count=limits.header_count,
                    new_id=self._served.new_id,
                    ending=self._is_last_answer,
                    refused=self._count_refused,
                ),
            )
            await self._strict.initiate()
            await self._read_from_peer(self._strict)

    async def protocol_send(self, event: Event) -> None:
        """As TCPServer's, with our clock for its idle task."""
        if not isinstance(event, Updated):
            await super().protocol_send(event)
        elif event.idle:
            self._enter(_Stage.IDLE, self._served.limits.idle_seconds)
        else:
            limits = self._served.limits
            self._enter(_Stage.CALL, limits.body_seconds + limits.answer_seconds)

    async def _read_from_peer(self, protocol: StrictProtocol) -> None:
        while not self.reader.at_eof():
            try:
                data = await self.reader.read(MAX_RECV)
            except (OSError, ssl.SSLError):
                break
            # HTTP/2 has frames that begin no call: an idle connection stays one.
            if data and self._stage is _Stage.IDLE and not protocol.speaks_http_2:
                self._enter(_Stage.HEADER, self._served.limits.header_seconds)
            await protocol.handle(RawData(data))
        await protocol.handle(Closed())

    async def _call(
        self, scope: Scope, receive: Receive, send: Send, _sync: object, _soon: object
    ) -> None:
        if self._peer is not None:
            scope["extensions"][PEER_CERTIFICATE] = self._peer
        await self._served.app(scope, receive, send)

    # --- ending -------------------------------------------------------------------------------

    def end_with_next_answer(self) -> None:
        """Where a certificate opened this connection, whose CA may be believed no more."""
        self._last_call = self._peer is not None

    async def end_if_idle(self) -> None:
        """What is in hand is finished; the protocol says that it was the last."""
        if self._stage is not _Stage.CALL:
            self._enter(_Stage.IDLE, 1.0)
            if self._strict is not None:
                await self._strict.say_goodbye()
            self.writer.close()

    def end_overdue(self) -> None:
        """Called by the sweep once `deadline` has passed."""
        if self._is_ended:
            # Closing politely took too long as well, or a body that nobody reads is in the way.
            self.writer.transport.abort()
            self.task.cancel()
            return
        self._served.counters.count_closed(self._stage.value)
        if self._stage is _Stage.CALL:
            self.writer.transport.abort()
        elif self._stage is _Stage.HEADER:
            body = refusal("timeout", "the header did not arrive in time", self._served.new_id())
            self.writer.write(
                b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body)
            )
        self._is_ended = True
        self.deadline = self.loop.time() + 1.0
        self.writer.close()

    def _is_last_answer(self) -> bool:
        return self._last_call or self.context.terminated.is_set()

    def _count_refused(self, status: int) -> None:
        cause = CloseCause.HEADERS_TOO_LARGE if status == 431 else CloseCause.MALFORMED
        self._served.counters.count_closed(cause)

    def _enter(self, stage: _Stage, seconds: float) -> None:
        self._stage = stage
        self.deadline = asyncio.get_running_loop().time() + seconds


def _config(limits: ConnectionLimits) -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.keep_alive_max_requests = NEVER
    # Exact is the count of whole sections; this bounds what is held of half of one.
    config.h11_max_incomplete_size = limits.header_bytes
    config.h2_max_header_list_size = limits.header_bytes
    config.websocket_max_message_size = 1
    return config
