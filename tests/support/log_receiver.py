"""Somebody who takes the decision log over HTTP: a real server that answers as it is told."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.connections import until_it_ends

__all__ = ["LogReceiver", "a_log_receiver"]


@dataclass
class LogReceiver:
    """`answers` are statuses to come, then 200 for ever; 0 takes the batch and says nothing."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where records are taken."""
        return f"http://127.0.0.1:{self.port}/take"

    def accepted(self) -> list[bytes]:
        """Bodies that were answered well."""
        pairs = zip(self.bodies, self.statuses, strict=True)
        return [body for body, status in pairs if 200 <= status < 300]

    def ids(self) -> list[str]:
        """Decision ids of what was accepted, batch by batch."""
        lines = [line for body in self.accepted() for line in body.splitlines()]
        return [json.loads(line)["decision_id"] for line in lines]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the connection ends."""
        await until_it_ends(self.open, writer, lambda: self._one(reader, writer))

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in [line.partition(":") for line in head[1:] if line]
        }
        body = await reader.readexactly(int(headers["content-length"]))
        status = self.answers.pop(0) if self.answers else 200
        self.headers.append({"request": head[0], **headers})
        self.bodies.append(gzip.decompress(body))
        self.statuses.append(status)
        if status == 0:
            return False
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        return True


@asynccontextmanager
async def a_log_receiver(answers: Iterable[int] = ()) -> AsyncIterator[LogReceiver]:
    """Running on a port of its own."""
    receiver = LogReceiver(answers=list(answers))
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in receiver.open:
            task.cancel()
        await server.wait_closed()
