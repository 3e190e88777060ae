"""Accepts connections on a listening socket, in clear or by TLS whose context may be replaced."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from deemster.serving.sockets import BACKLOG
from deemster.serving.tls import ListenerTls

__all__ = ["Accepting"]


class Accepting:
    """One listening socket. New connections meet the newest context, older ones go on."""

    def __init__(
        self, listener: socket.socket, tls: ListenerTls | None, *, handshake_seconds: float
    ) -> None:
        self._listener = listener
        self._tls = tls
        self._handshake_seconds = handshake_seconds
        self._server: asyncio.Server | None = None
        self._connection: Callable[[], asyncio.BaseProtocol] | None = None

    async def start(self, connection: Callable[[], asyncio.BaseProtocol]) -> None:
        """Begin; `connection` makes the protocol of each."""
        self._connection = connection
        self._server = await self._serve(connection)

    async def renew(self) -> None:
        """Let new connections meet the context that is in force now."""
        before = self._server
        if before is None or self._connection is None:
            return
        # Both listen for a moment, on one queue of the kernel's: nobody is turned away.
        self._server = await self._serve(self._connection)
        before.close()

    def close(self) -> None:
        """Accept no more; connections go on."""
        self._connection = None
        if self._server is not None:
            self._server.close()
        self._listener.close()

    async def _serve(self, connection: Callable[[], asyncio.BaseProtocol]) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if self._tls is None:
            return await loop.create_server(connection, sock=self._listener.dup(), backlog=BACKLOG)
        return await loop.create_server(
            connection,
            sock=self._listener.dup(),
            backlog=BACKLOG,
            ssl=self._tls.context,
            ssl_handshake_timeout=self._handshake_seconds,
            ssl_shutdown_timeout=self._handshake_seconds,
        )
