"""uvicorn's request and response cycle, whose head and body leave in one write.

uvicorn writes them one after the other: two system calls and two segments for every answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

__all__ = ["JoinedAnswer"]


class JoinedAnswer(RequestResponseCycle):
    """Holds the head of an answer of known length back until its body is there.

    Every other answer (chunked, in parts, to HEAD) goes uvicorn's way.
    """

    _head: bytes | None = None

    def answer_whole(self, status: int, fields: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Write one whole answer now; False: nothing was written, send it as ASGI says.

        Offered to the application as the scope's extension `ANSWER_WHOLE`: one call in place of
        two messages and what looks at each of them. Names in `fields` are in lower case and hold
        no framing; Content-Length is added here.
        """
        if (
            self.disconnected
            or self.response_started
            or self.flow.write_paused
            or not self.keep_alive
            or self.scope["method"] == "HEAD"
            or HEADER_VALUE_RE.search(b"".join([value for _, value in fields]))
        ):
            return False
        self.response_started = True
        self.waiting_for_100_continue = False
        self.chunked_encoding = False
        content = [STATUS_LINE[status]]
        for name, value in (*self.default_headers, *fields):
            content += (name, b": ", value, b"\r\n")
        content += (b"content-length: %d\r\n\r\n" % len(body), body)
        self.transport.write(b"".join(content))
        self.expected_content_length = 0
        self.response_complete = True
        self.message_event.set()
        self.on_response()
        return True

    async def send(self, message: Any) -> None:  # noqa: ANN401  (an ASGI event)
        """As ASGI says."""
        head = self._head
        if head is not None:
            self._head = None
            if self._finish(head, message):
                return
            self.transport.write(head)
        elif not self.response_started and self._hold(message):
            return
        await super().send(message)

    def _hold(self, message: Any) -> bool:  # noqa: ANN401
        """Make the head of an answer of known length; False: none of it was taken."""
        if (
            self.disconnected
            or message["type"] != "http.response.start"
            or self.scope["method"] == "HEAD"
        ):
            return False
        fields = [*self.default_headers, *message.get("headers", ())]
        framing = _framing(fields)
        if framing is None:
            return False
        length, closes = framing
        self.response_started = True
        self.waiting_for_100_continue = False
        self.chunked_encoding = False
        self.expected_content_length = length
        content = [STATUS_LINE[message["status"]]]
        for name, value in fields:
            content += (name, b": ", value, b"\r\n")
        if closes:
            self.keep_alive = False
        elif not self.keep_alive:
            content.append(b"connection: close\r\n")
        content.append(b"\r\n")
        self._head = b"".join(content)
        return True

    def _finish(self, head: bytes, message: Any) -> bool:  # noqa: ANN401
        """Write the whole answer; False: nothing was written."""
        body = message.get("body", b"")
        if (
            self.disconnected
            or self.flow.write_paused
            or message["type"] != "http.response.body"
            or message.get("more_body", False)
        ):
            return False
        if len(body) != self.expected_content_length:
            raise RuntimeError("the body is not as long as Content-Length says")
        self.transport.write(head + body)
        self.expected_content_length = 0
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True


def _framing(fields: list[tuple[bytes, bytes]]) -> tuple[int, bool] | None:
    """(Content-Length, whether the connection closes), or None where uvicorn shall judge."""
    length: bytes | None = None
    closes = False
    for name, value in fields:
        if name == b"content-length" and length is None:
            length = value
        elif name == b"connection" and value == b"close":
            closes = True
        elif name in _FRAMING:
            return None
    names = b"".join([name for name, _ in fields])
    values = b"".join([value for _, value in fields])
    # Names in lower case only, or `_FRAMING` would not have seen them.
    if HEADER_RE.search(names) or HEADER_VALUE_RE.search(values) or names != names.lower():
        return None
    return (int(length), closes) if length is not None and length.isdigit() else None


_FRAMING = frozenset({b"content-length", b"connection", b"transfer-encoding"})
