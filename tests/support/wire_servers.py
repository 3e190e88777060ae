"""The same exchange over a real server: bytes out, bytes in, on a Unix socket."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deemster.model.clock import SystemClock
from deemster.serving.decisions_server import DecisionsServer
from deemster.serving.hypercorn_server import HypercornServer
from deemster.serving.protocol import ConnectionLimits
from deemster.telemetry.metrics import ConnectionCounters

__all__ = ["SERVERS", "THE_WIRE", "Wire", "over_a_server", "request_bytes"]

SERVERS = ("uvicorn", "hypercorn")
LIMITS = ConnectionLimits(
    connections=8,
    header_bytes=96 * 1024,
    header_count=300,
    header_seconds=10.0,
    body_seconds=10.0,
    idle_seconds=10.0,
    answer_seconds=10.0,
)
Answer = tuple[int, tuple[tuple[bytes, bytes], ...], bytes]


class Wire:
    """How the calls of a suite get to its endpoints; `server` None: by ASGI, without a server."""

    def __init__(self) -> None:
        self.server: str | None = None


THE_WIRE = Wire()


def request_bytes(
    method: str, target: bytes, fields: Sequence[tuple[bytes, bytes]], body: bytes
) -> bytes:
    """HTTP/1.1, framed unless `fields` do it."""
    # What says that there is no body frames one no more than nothing does.
    sent = [field for field in fields if not body or field != (b"content-length", b"0")]
    names = [name for name, _ in sent]
    framed = {b"content-length", b"transfer-encoding"} & set(names)
    if names.count(b"host") > 1 and (b"host", b"pdp") in sent:
        # One of ours and one that a case brings: no server takes two.
        sent.remove((b"host", b"pdp"))
    if not framed and (body or method == "POST"):
        sent.append((b"content-length", b"%d" % len(body)))
    lines = [b"%s %s HTTP/1.1" % (method.encode(), target)]
    lines += [b"%s: %s" % field for field in sent]
    return b"\r\n".join([*lines, b"", body])


async def over_a_server(kind: str, app: Any, request: bytes) -> Answer:  # noqa: ANN401
    """Status 0 where the server said nothing. Less `date`, which is the server's own."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "s")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen()
        listener.setblocking(False)
        counters = ConnectionCounters()
        server: DecisionsServer | HypercornServer
        if kind == "uvicorn":
            server = DecisionsServer(
                app,
                listener,
                limits=LIMITS,
                counters=counters,
                clock=SystemClock(),
                new_id=lambda: "server-1",
            )
        else:
            server = HypercornServer(
                app, listener, limits=LIMITS, counters=counters, new_id=lambda: "server-1"
            )
        await server.start()
        try:
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(request)
            async with asyncio.timeout(20):
                answer = await _answer(reader, has_body=not request.startswith(b"HEAD "))
            writer.close()
            return answer
        finally:
            await server.stop(1.0)


async def _answer(reader: asyncio.StreamReader, *, has_body: bool) -> Answer:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return 0, (), b""
    line, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    fields = [(n.lower(), v) for n, _, v in [field.partition(b": ") for field in lines]]
    length = int(dict(fields)[b"content-length"]) if has_body else 0
    body = await reader.readexactly(length)
    told = tuple([field for field in fields if field[0] != b"date"])
    return int(line.split(b" ")[1]), told, body
