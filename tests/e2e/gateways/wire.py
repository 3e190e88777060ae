"""A client that sends the very bytes it is given: no library mends paths or joins header fields."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse

__all__ = ["NO_ANSWER", "STILL_WAITING", "Address", "Answer", "Call", "say"]

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `fields` come after `Host` and `Authorization`, in this order."""

    method: str = "GET"
    target: bytes = b"/api/items"
    host: bytes | None = b"api.example.com"
    token: str | None = None
    fields: Sequence[tuple[bytes, bytes]] = ()
    body: bytes | None = None
    chunked: bool = False
    trailer: bytes = b""
    """Lines after a chunked body."""
    version: bytes = b"HTTP/1.1"
    tail: bytes = b""
    """Sent after all else, whatever the fields say of a body."""

    def to_bytes(self) -> bytes:
        """As it goes over the wire; the connection ends with it unless `fields` say otherwise."""
        fields = [] if self.host is None else [(b"Host", self.host)]
        if self.token is not None:
            fields.append((b"Authorization", b"Bearer " + self.token.encode()))
        fields.extend(self.fields)
        body = b""
        if self.body is not None and self.chunked:
            fields.append((b"Transfer-Encoding", b"chunked"))
            body = b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(self.body), self.body, self.trailer)
        elif self.body is not None:
            fields.append((b"Content-Length", b"%d" % len(self.body)))
            body = self.body
        head = b"%b %b %b\r\n" % (self.method.encode(), self.target, self.version)
        return head + b"".join(b"%b: %b\r\n" % line for line in fields) + b"\r\n" + body + self.tail


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client saw.

    Status 0: the connection ended without an answer; -1: nothing came as long as we waited.
    """

    status: int
    fields: Sequence[tuple[str, str]] = field(default=())
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """All values of a header field."""
        return [value for found, value in self.fields if found.lower() == name.lower()]


NO_ANSWER = Answer(0)
STILL_WAITING = Answer(-1)


def say(address: Address, call: Call, *, patience: float = 30.0) -> Answer:
    """One exchange on a connection of its own."""
    with socket.create_connection(address, timeout=patience) as connection:
        # Gateways answer oversized requests before they have taken all of them.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(call.to_bytes())
        response = HTTPResponse(connection, method=call.method)
        try:
            response.begin()
            body = response.read()
        except TimeoutError:
            return STILL_WAITING
        except (HTTPException, ConnectionResetError):
            return NO_ANSWER
        finally:
            response.close()
        if call.tail:
            # Until all is dealt with that the gateway took for a second request.
            while connection.recv(65536):
                pass
        return Answer(response.status, tuple(response.getheaders()), body)
