"""What the supervisor and one worker tell each other: JSON messages over a pair of sockets.

Each is preceded by its length (four octets, big-endian). Nobody else has an end of the pair, and
the end of the stream means that the other side is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["Control"]

_LENGTH = 4
MOST_OCTETS = 256 * 1024 * 1024
"""Of one message: a large policy tree, or a large static directory in the settings."""


class Control:
    """One end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Control:
        """Takes `end` over."""
        end.setblocking(False)  # noqa: FBT003  the socket module's own signature
        reader, writer = await asyncio.open_connection(sock=end)
        return cls(reader, writer)

    async def send(self, message: Mapping[str, object], octets: bytes | None = None) -> None:
        """Returns where the other side is gone: `receive` says so.

        `octets` follow the message, which has to say so.
        """
        parts = [msgspec.json.encode(message), *(() if octets is None else (octets,))]
        # In one piece: others send over this socket, too.
        await self._write(b"".join([_framed(part) for part in parts]))

    async def receive(self) -> dict[str, Any] | None:
        """The next message; None where there will be none."""
        octets = await self.receive_octets()
        return None if octets is None else msgspec.json.decode(octets, type=dict[str, Any])

    async def send_octets(self, octets: bytes) -> None:
        """As `send`, for what is no JSON."""
        await self._write(_framed(octets))

    async def receive_octets(self) -> bytes | None:
        """As `receive`, for what is no JSON."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
            if length > MOST_OCTETS:
                return None
            return await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def _write(self, framed: bytes) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._writer.write(framed)
            await self._writer.drain()

    def close(self) -> None:
        """The other side hears the end of the stream."""
        self._writer.close()


def _framed(octets: bytes) -> bytes:
    return len(octets).to_bytes(_LENGTH, "big") + octets
