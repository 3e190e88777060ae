"""Calls that arrive in one piece, read without a Python call for each part of them.

httptools calls back for everything it finds, and each call into Python costs as much as parsing
does. Here it calls functions of C: items go into lists and a mapping. What a mapping cannot hold,
and whatever else is out of the ordinary, is not read here but by uvicorn's protocol, from the
first byte: see `WholeCalls.read`.
"""

from __future__ import annotations

from collections.abc import Sequence

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import HEADER_VALUE_RE, STATUS_LINE

from deemster.gateways.adapter import WireAnswer

__all__ = ["WholeCall", "WholeCalls", "octets_of"]


class WholeCall(msgspec.Struct, frozen=True, gc=False):
    """One HTTP/1.1 request in origin form, after which the connection goes on.

    `fields` by lower-case name, each of which came once.
    """

    method: str
    path: bytes
    query: bytes
    fields: dict[bytes, bytes]
    body: bytes

    @property
    def url(self) -> bytes:
        """The request target as it came, but for a `?` before nothing."""
        return self.path + b"?" + self.query if self.query else self.path


def octets_of(answer: WireAnswer, default_fields: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """An answer as it goes over the wire; None where a field has what no field may have."""
    content = [STATUS_LINE[answer.status]]
    for name, value in default_fields:
        content += (name, b": ", value, b"\r\n")
    values = []
    for name, value in answer.headers:
        content += (name, b": ", value, b"\r\n")
        values.append(value)
    if HEADER_VALUE_RE.search(b"".join(values)):
        return None
    body = answer.body
    content += (b"content-length: %d\r\n\r\n" % len(body), body)
    return b"".join(content)


class WholeCalls:
    """Reads the calls of one connection."""

    __slots__ = ("_bodies", "_due", "_fields", "_parser", "_tries", "_urls")

    def __init__(self) -> None:
        self._tries = _TRIES
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._urls: list[bytes] = []
        self._bodies: list[bytes] = []
        self._fields: dict[bytes, bytes] = {}
        # One message is due; the end of a second one finds nothing to take, which ends parsing.
        self._due: list[None] = [None]
        self._parser = httptools.HttpRequestParser(
            _Sink(self._urls, self._fields, self._bodies, self._due)
        )

    def read(self, data: bytes) -> WholeCall | None:
        """The one call that `data` is, or None where it is anything else.

        Then nothing has been taken: `data` is to be read by a parser that knows what came before.
        A connection of which that is said again and again is not tried any more.
        """
        if not self._tries:
            return None
        call = self._read(data)
        if call is None:
            self._tries -= 1
            self._begin_anew()
        else:
            self._tries = _TRIES
            self._urls.clear()
            self._bodies.clear()
            self._fields.clear()
            self._due.append(None)
        return call

    def _read(self, data: bytes) -> WholeCall | None:
        parser = self._parser
        try:
            parser.feed_data(data)
        except Exception:  # noqa: BLE001  (errors, upgrades, a second message: not for here)
            return None
        if self._due or len(self._urls) != 1 or len(self._bodies) > 1:
            return None
        url = self._urls[0]
        body = self._bodies[0] if self._bodies else b""
        # Field names of any case are one name. No line is folded and no line break stands in a
        # value, which the parser refuses: so as many names as lines means that each came once.
        fields = {name.lower(): value for name, value in self._fields.items()}
        end = data.find(b"\r\n\r\n")
        method = _METHODS.get(parser.get_method())
        if (
            method is None
            or data.count(b"\n", 0, end) != len(fields)
            # Behind the call there is nothing, not even an octet of another one.
            or end + 4 + len(body) != len(data)
            or not fields.keys().isdisjoint(_OUT_OF_THE_ORDINARY)
            or fields.get(b"connection", b"keep-alive").lower() != b"keep-alive"
            or parser.get_http_version() != "1.1"
            or url[:1] != b"/"
            or b"#" in url
        ):
            return None
        path, _, query = url.partition(b"?")
        return WholeCall(method, path, query, fields, body)


_METHODS = {name.encode(): name for name in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
"""Of which no message differs in form, as one to HEAD or CONNECT does."""

# Whatever ends or changes the connection, asks for a word in between, or frames a body by chunks.
_OUT_OF_THE_ORDINARY = frozenset({b"expect", b"transfer-encoding", b"upgrade", b"http2-settings"})

_TRIES = 8


class _Sink:
    """What the parser calls back: methods of lists and of a mapping, no Python."""

    __slots__ = ("on_body", "on_header", "on_message_complete", "on_url")

    def __init__(
        self,
        urls: list[bytes],
        fields: dict[bytes, bytes],
        bodies: list[bytes],
        due: list[None],
    ) -> None:
        self.on_url = urls.append
        self.on_header = fields.__setitem__
        self.on_body = bodies.append
        self.on_message_complete = due.pop
