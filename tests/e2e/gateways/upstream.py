"""An upstream that answers everything with 200 and remembers what it was sent, byte by byte."""

from __future__ import annotations

import io
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.e2e.gateways.wire import Address

__all__ = ["Arrival", "Upstream", "recording_upstream"]

ANSWER_BODY = b"from the upstream"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it came in."""

    method: str
    target: bytes
    fields: Sequence[tuple[bytes, bytes]]
    body: bytes
    trailer: Sequence[tuple[bytes, bytes]] = ()
    """Fields after a chunked body."""

    def values(self, name: str) -> list[bytes]:
        """All values of a header field."""
        return [value for found, value in self.fields if found.lower() == name.lower().encode()]

    def everything(self) -> bytes:
        """For what must not be anywhere in it."""
        lines = [self.target, *(name + b": " + value for name, value in self.fields), self.body]
        return b"\n".join(lines)


class Upstream:
    """What arrived since the last look."""

    def __init__(self) -> None:
        self._arrivals: list[Arrival] = []
        self._lock = threading.Lock()

    def remember(self, arrival: Arrival) -> None:
        """Called before the answer is sent, so that nothing is missed."""
        with self._lock:
            self._arrivals.append(arrival)

    def taken(self) -> list[Arrival]:
        """All that arrived, oldest first; the list starts again."""
        with self._lock:
            arrivals, self._arrivals = self._arrivals, []
        return arrivals


@contextmanager
def recording_upstream() -> Iterator[tuple[Upstream, Address]]:
    """An upstream on a free port."""
    upstream = Upstream()

    class Handler(socketserver.StreamRequestHandler):
        timeout = 60.0

        def handle(self) -> None:
            while (arrival := _read(self.rfile)) is not None:
                upstream.remember(arrival)
                body = b"" if arrival.method == "HEAD" else ANSWER_BODY
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(ANSWER_BODY)}\r\n\r\n"
                self.wfile.write(head.encode() + body)

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        host, port = server.server_address[:2]
        try:
            yield upstream, (str(host), int(port))
        finally:
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    # Connections that gateways keep alive are not waited for.
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A gateway that went away is no news."""


def _read(stream: io.BufferedIOBase) -> Arrival | None:
    line = stream.readline(200_000)
    if not line.endswith(b"\r\n"):
        return None
    method, _, rest = line[:-2].partition(b" ")
    target = rest.rpartition(b" ")[0]
    fields = _fields(stream)
    said = {name.lower(): value for name, value in fields}
    body = b""
    trailer: list[tuple[bytes, bytes]] = []
    if b"chunked" in said.get(b"transfer-encoding", b"").lower():
        body = _chunks(stream)
        trailer = _fields(stream)
    elif b"content-length" in said:
        body = stream.read(int(said[b"content-length"]))
    return Arrival(method.decode("latin-1"), target, tuple(fields), body, tuple(trailer))


def _fields(stream: io.BufferedIOBase) -> list[tuple[bytes, bytes]]:
    fields = []
    while (line := stream.readline(200_000)) not in {b"\r\n", b""}:
        name, _, value = line[:-2].partition(b":")
        fields.append((name, value.strip(b" \t")))
    return fields


def _chunks(stream: io.BufferedIOBase) -> bytes:
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    return body
