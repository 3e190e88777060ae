"""A real HTTP server on loopback that answers well, or fails in one way for each path."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.connections import until_it_ends

__all__ = ["FaultyService", "Received", "a_faulty_service"]


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for found, value in self.headers if found == name]


@dataclass
class FaultyService:
    """The first segment of a path says what happens; `documents` are the good answers, by path."""

    port: int = 0
    documents: Mapping[str, object] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    open: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, host: str = "127.0.0.1") -> str:
        """Of the service."""
        return f"http://{host}:{self.port}"

    @property
    def targets(self) -> list[str]:
        """What was asked for, in order."""
        return [request.target for request in self.received]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests of one connection until something ends it."""
        self.connections += 1
        await until_it_ends(self.open, writer, lambda: self._one(reader, writer))

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        pairs = [line.partition(":") for line in head[1:] if line]
        self.received.append(
            Received(method, target, tuple([(n.lower(), v.strip()) for n, _, v in pairs]))
        )
        fault = target.strip("/").partition("/")[0].partition("?")[0]
        if fault in {"hang", "hang-in-body", "drip", "drip-headers"}:
            await self._slow(fault, writer)
            return False
        if fault == "cut":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                         b"content-length: 100\r\n\r\n{\"v\": 1")  # fmt: skip
            return False
        if fault == "nothing":
            return False
        answer = _ANSWERS.get(fault)
        if answer is None:
            document = self.documents.get(target, {"v": 1})
            answer = _answer(json.dumps(document).encode())
        writer.write(answer)
        await writer.drain()
        return fault != "no-http"

    async def _slow(self, fault: str, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n"
        if fault != "hang":
            writer.write(head if fault == "drip-headers" else head + b"\r\n")
        while True:
            if fault.startswith("drip"):
                writer.write(b"x-a: b\r\n" if fault == "drip-headers" else b" ")
                await writer.drain()
            await asyncio.sleep(0.005)
            if writer.is_closing():
                return


def _answer(
    body: bytes, status: str = "200 OK", media_type: str = "application/json", more: str = ""
) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\n{more}"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body


_GOOD = b'{"v": 1}'
_ANSWERS = {
    "error": _answer(_GOOD, "500 Internal Server Error"),
    "busy": _answer(_GOOD, "429 Too Many Requests"),
    "missing": _answer(_GOOD, "404 Not Found"),
    "created": _answer(_GOOD, "201 Created"),
    "redirect": _answer(_GOOD, "302 Found", more="location: /good\r\n"),
    "garbage": _answer(b"\x00\xffgarbage"),
    "cut-json": _answer(b'{"v": 1'),
    "duplicate": _answer(b'{"v": 1, "v": 2}'),
    "nan": _answer(b'{"v": NaN}'),
    "deep": _answer(b"[" * 1000 + b"]" * 1000),
    "large": _answer(b'{"v": 1, "x": "' + b"a" * 10_000_000 + b'"}'),
    "text": _answer(_GOOD, media_type="text/html"),
    "gzip": _answer(_GOOD, more="content-encoding: gzip\r\n"),
    "cookie": _answer(_GOOD, more="set-cookie: session=abc; path=/\r\n"),
    "no-http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "two-lengths": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n"
    b"content-length: 9\r\n\r\n" + _GOOD,
}


@asynccontextmanager
async def a_faulty_service(
    documents: Mapping[str, object] | None = None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[FaultyService]:
    """A server on any free port of 127.0.0.1."""
    service = FaultyService(documents=documents or {})
    server = await asyncio.start_server(service.handle, "127.0.0.1", 0, ssl=tls)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()
        waiting = list(service.open)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await server.wait_closed()
