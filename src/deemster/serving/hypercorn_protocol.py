"""Hypercorn's protocols with what they let through refused: framing, methods, upgrades, floods.

facts/security.md 0.6: by itself Hypercorn takes bare line feeds, folded fields, `get` for GET and
an upgrade to HTTP/2 in the middle of HTTP/1.1. What is left to our own ASGI endpoint is what can
be seen in a scope (`gateways/http_envelope.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import h11
import msgspec
from h11._receivebuffer import ReceiveBuffer
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol import ProtocolWrapper
from hypercorn.protocol.events import EndBody, Request, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h2 import H2Protocol, StreamBuffer
from hypercorn.protocol.h11 import STREAM_ID, H2ProtocolAssumedError, H11Protocol
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.utils import filter_pseudo_headers
from priority.priority import DuplicateStreamError

__all__ = ["StrictProtocol", "refusal"]

RESETS = 200
"""Streams that one connection may give up before it is a flood (CVE-2023-44487)."""


def refusal(code: str, message: str, told_id: str) -> bytes:
    """A body for what never became a call, in the form of the sideband's errors."""
    return msgspec.json.encode({"code": code, "message": message, "id": told_id})


class Rules:
    """What one connection is held to. `ending` says whether its next answer is its last."""

    __slots__ = ("ending", "header_bytes", "header_count", "new_id", "refused")

    def __init__(
        self,
        *,
        header_bytes: int,
        header_count: int,
        new_id: Callable[[], str],
        ending: Callable[[], bool],
        refused: Callable[[int], None],
    ) -> None:
        """`refused` is told the status of each refusal."""
        self.header_bytes = header_bytes
        self.header_count = header_count
        self.new_id = new_id
        self.ending = ending
        self.refused = refused

    def admit(self, headers: list[tuple[bytes, bytes]], target: bytes) -> bool:
        """Whether a header section is within its limits."""
        # Each field line has a colon, a space and CR LF beside its name and value.
        size = len(target) + sum([len(name) + len(value) + 4 for name, value in headers])
        return len(headers) <= self.header_count and size <= self.header_bytes


class StrictProtocol(ProtocolWrapper):
    """One connection: HTTP/1.1, or HTTP/2 by ALPN or, in clear, by its preface."""

    def __init__(self, *given: Any, rules: Rules) -> None:  # noqa: ANN401  (as ProtocolWrapper's)
        super().__init__(*given)
        self._given = given[:9]
        self._rules = rules
        if isinstance(self.protocol, H2Protocol):
            self.protocol = _StrictH2(*self._given, rules=rules)
        else:
            self.protocol = _StrictH11(*self._given, rules=rules)

    @property
    def speaks_http_2(self) -> bool:
        """Whether calls share the connection."""
        return isinstance(self.protocol, H2Protocol)

    async def handle(self, event: Event) -> None:
        """As ProtocolWrapper's, with our HTTP/2 and without an upgrade to it."""
        try:
            await self.protocol.handle(event)
        except H2ProtocolAssumedError as assumed:
            self.protocol = _StrictH2(*self._given, rules=self._rules)
            # The preface looked like a call; none has begun.
            await self.send(Updated(idle=True))
            await self.protocol.initiate()
            await self.protocol.handle(RawData(data=assumed.data))

    async def say_goodbye(self) -> None:
        """Tell the other end of an idle connection that it ends."""
        if isinstance(self.protocol, _StrictH2):
            await self.protocol.go_away()
        await self.handle(Closed())


class _StrictBuffer(ReceiveBuffer):
    """Header sections whose every line ends by CR LF, and begins a field of its own."""

    _taken = bytearray()

    def _extract(self, count: int) -> bytearray:
        self._taken = super()._extract(count)
        return self._taken

    def maybe_extract_lines(self) -> list[bytearray] | None:
        lines = super().maybe_extract_lines()
        if lines is None:
            return None
        # RFC 9112 2.2 lets a recipient take a bare LF, and 5.2 has folding refused or replaced:
        # whoever sits in front of us may have read either differently.
        section = self._taken
        ends = section.count(b"\r\n")
        if section.count(b"\n") != ends or section.count(b"\r") != ends:
            raise h11.LocalProtocolError("a line that does not end by CR LF")
        if any(line[:1] in _BLANKS for line in lines):
            raise h11.LocalProtocolError("a folded field")
        lengths = [line for line in lines if line[:15].lower() == b"content-length:"]
        if len(lengths) > 1 or any(b"," in line for line in lengths):
            raise h11.LocalProtocolError("more than one Content-Length")
        return lines


class _Stream(HTTPStream):
    """One call, whose answer is the application's or none."""

    async def _send_error_response(self, _status: int) -> None:
        # Hypercorn's 500 for an application that raised, or said nothing: a server's own 5xx opens
        # a gateway that fails open (facts/security.md 1.11, F20). What follows ends the stream.
        self.state = ASGIHTTPState.CLOSED


class _StrictH11(H11Protocol):
    def __init__(self, *given: Any, rules: Rules) -> None:  # noqa: ANN401
        super().__init__(*given)
        self._rules = rules
        self.connection._receive_buffer = _StrictBuffer()  # type: ignore[union-attr]

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response) and event.status_code >= 200 and self._rules.ending():
            event = replace(event, headers=[*event.headers, (b"connection", b"close")])
        await super().stream_send(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        # An upgrade is never answered: what follows would no longer be the call that a proxy saw.
        if event.method == b"PRI" and event.target == b"*" and event.http_version == b"2.0":
            if self.ssl:
                raise h11.RemoteProtocolError("HTTP/2 that ALPN did not choose")
            trailing, _ = self.connection.trailing_data
            raise H2ProtocolAssumedError(b"PRI * HTTP/2.0\r\n\r\n" + trailing)

    async def _create_stream(self, request: h11.Request) -> None:
        headers = list(request.headers)
        if not self._rules.admit(headers, request.target):
            await self._send_error_response(431)
            await self.send(Closed())
            return
        framing = [name for name, _ in headers if name in _FRAMING]
        if (
            request.http_version not in _VERSIONS
            # RFC 9110 9.1: the method is case-sensitive.
            or request.method != request.method.upper()
            or request.method == b"CONNECT"
            # "Might indicate an attempt to perform request smuggling" (RFC 9112 6.1).
            or len(framing) > 1
            or (request.http_version == b"1.0" and b"transfer-encoding" in framing)
        ):
            await self._send_error_response(400)
            await self.send(Closed())
            return
        self.stream = _Stream(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=headers,
                http_version=request.http_version.decode(),
                method=request.method.decode("ascii"),
                raw_path=request.target,
                state=self.connection_state,
            )
        )

    async def _send_error_response(self, status_code: int) -> None:
        self._rules.refused(status_code)
        body = refusal(*_MEANINGS.get(status_code, _MALFORMED), self._rules.new_id())
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *self.config.response_headers("h11"),
        ]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())


class _StrictH2(H2Protocol):
    def __init__(self, *given: Any, rules: Rules) -> None:  # noqa: ANN401
        super().__init__(*given)
        self._rules = rules
        self._resets = 0
        self._unfinished: set[int] = set()
        config: Config = self.config
        self.connection.local_settings = h2.settings.Settings(
            client=False,
            initial_values={
                h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: config.h2_max_concurrent_streams,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: config.h2_max_header_list_size,
            },
        )

    async def go_away(self) -> None:
        """Name the last stream that is answered."""
        self.connection.close_connection()
        await self._flush()

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, EndBody):
            self._unfinished.discard(event.stream_id)
        elif isinstance(event, StreamClosed) and event.stream_id in self._unfinished:
            self._unfinished.discard(event.stream_id)
            with contextlib.suppress(h2.exceptions.ProtocolError):
                self.connection.reset_stream(event.stream_id, h2.errors.ErrorCodes.INTERNAL_ERROR)
                await self._flush()
        await super().stream_send(event)
        if isinstance(event, StreamClosed) and not self.streams and self._rules.ending():
            await self.go_away()
            await self.send(Closed())

    async def _handle_events(self, events: list[h2.events.Event]) -> None:
        for event in events:
            if isinstance(event, h2.events.StreamReset):
                self._resets += 1
                if self._resets > RESETS:
                    self.connection.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
                    await self._flush()
                    await self.send(Closed())
                    return
            stream_id = getattr(event, "stream_id", None)
            if isinstance(event, h2.events.DataReceived) and stream_id not in self.streams:
                # The rest of a body whose call is answered: the window is everybody's.
                self._take_note(event)
                await self._flush()
                continue
            try:
                await super()._handle_events([event])
            except (KeyError, h2.exceptions.ProtocolError):
                # Answered, or given up, while this was on its way through.
                continue

    def _take_note(self, event: h2.events.DataReceived) -> None:
        length = event.flow_controlled_length or 0
        if length:
            self.connection.increment_flow_control_window(length)

    async def _create_stream(self, request: h2.events.RequestReceived) -> None:
        headers = [(bytes(name), bytes(value)) for name, value in request.headers or []]
        pseudo = {name: value for name, value in headers if name.startswith(b":")}
        method, target = pseudo.get(b":method", b""), pseudo.get(b":path", b"")
        if not self._rules.admit(headers, b""):
            await self._refuse(request.stream_id, 431)
        elif (
            # Neither CONNECT (RFC 9113 8.5) nor what it bootstraps (RFC 8441) leads anywhere.
            method in (b"", b"CONNECT")
            or method != method.upper()
            or not target.startswith((b"/", b"*"))
            or not target.isascii()
            or not method.isascii()
            or b":protocol" in pseudo
        ):
            await self._refuse(request.stream_id, 400)
        else:
            await self._begin(request.stream_id, method, target, headers)

    async def _begin(
        self, stream_id: int, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]
    ) -> None:
        stream = self.streams[stream_id] = _Stream(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            stream_id,
        )
        self.stream_buffers[stream_id] = StreamBuffer(self.context.event_class)
        # A PRIORITY frame may have come first.
        with contextlib.suppress(DuplicateStreamError):
            self.priority.insert_stream(stream_id)
            self.priority.block(stream_id)
        self._unfinished.add(stream_id)
        await stream.handle(
            Request(
                stream_id=stream_id,
                headers=filter_pseudo_headers(headers),
                http_version="2",
                method=method.decode("ascii"),
                raw_path=target,
                state=self.connection_state,
            )
        )

    async def _refuse(self, stream_id: int, status: int) -> None:
        self._rules.refused(status)
        body = refusal(*_MEANINGS.get(status, _MALFORMED), self._rules.new_id())
        headers = [
            (b":status", b"%d" % status),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *self.config.response_headers("h2"),
        ]
        self.connection.send_headers(stream_id, headers)
        self.connection.send_data(stream_id, body, end_stream=True)
        await self._flush()


_VERSIONS = (b"1.0", b"1.1")
_FRAMING = (b"content-length", b"transfer-encoding")
_BLANKS = (bytearray(b" "), bytearray(b"\t"))
_MALFORMED = ("malformed", "this is not an HTTP request that is accepted here")
_MEANINGS = {431: ("headers-too-large", "the header section is too large")}
