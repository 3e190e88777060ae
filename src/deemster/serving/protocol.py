"""uvicorn's httptools protocol with what it lacks: limits on time, on headers, on connections.

facts/security.md 7: without them a connection that sends half a header stays open for ever, and
a header section may be of any size. Time is kept as one number on each connection, looked at by
a sweep of the server (`decisions_server.py`): a timer for each request would cost more than the
request's own book-keeping.

A call that arrives in one piece, as nearly all do, is answered where it is read, by
`HttpEndpoint.answer`: no task, no event, no message of ASGI (decisions/0028). Every other one
goes uvicorn's way, and so does one whose answer must be waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any
from urllib.parse import unquote

import httptools
import msgspec
from uvicorn._types import HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from deemster.gateways.adapter import WireAnswer
from deemster.gateways.http_endpoint import (
    ANSWER_WHOLE,
    PEER_CERTIFICATE,
    HttpEndpoint,
    Receive,
    Scope,
    Send,
    Unanswered,
)
from deemster.model.certificate import PeerCertificate
from deemster.serving.answer import JoinedAnswer
from deemster.serving.tls import peer_certificate
from deemster.serving.whole_calls import WholeCall, WholeCalls, octets_of
from deemster.telemetry.metrics import CloseCause, ConnectionCounters

__all__ = ["ConnectionLimits", "TimedHttpProtocol"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What one connection, and all together, may take. Times in seconds.

    `header_seconds` from the first byte of a header section to its end, `body_seconds` from there
    to the end of the body, `idle_seconds` between two calls, `answer_seconds` from the end of
    the body until the answer was taken by the gateway.
    """

    connections: int
    header_bytes: int
    header_count: int
    header_seconds: float
    body_seconds: float
    idle_seconds: float
    answer_seconds: float


class _Stage(Enum):
    """What a connection is waiting for; the value says what it means to wait too long."""

    IDLE = CloseCause.IDLE
    HEADER = CloseCause.HEADER_TIME
    BODY = CloseCause.BODY_TIME
    ANSWER = CloseCause.ANSWER_TIME


class _HeadersTooLargeError(Exception):
    """Leaves the parser's callback; never leaves this module."""


class TimedHttpProtocol(HttpToolsProtocol):
    """One connection of the decisions listener. `new_id` makes the ids of refusals."""

    def __init__(
        self,
        *,
        config: Config,
        server_state: ServerState,
        loop: asyncio.AbstractEventLoop,
        limits: ConnectionLimits,
        counters: ConnectionCounters,
        new_id: Callable[[], str],
    ) -> None:
        super().__init__(config, server_state, {}, loop)
        self._limits = limits
        self._counters = counters
        self._new_id = new_id
        self._now = loop.time
        self._stage = _Stage.IDLE
        self._head_bytes = 0
        self._chunk = 0
        self._too_large = False
        self._peer: PeerCertificate | None = None
        self._last_call = False
        self.deadline = 0.0
        # The application, where it takes a whole call at once.
        self._endpoint = self.app if isinstance(self.app, HttpEndpoint) else None
        self._whole_calls = WholeCalls()
        self._keep_alive = True

    # --- the connection -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """As asyncio.Protocol says. Beyond the bound a connection is ended before it begins."""
        if len(self.connections) >= self._limits.connections:
            self.transport = transport
            self._counters.count_closed(CloseCause.TOO_MANY)
            transport.abort()
            return
        super().connection_made(transport)
        self._peer = peer_certificate(transport)
        self._counters.open += 1
        self._enter(_Stage.IDLE, self._limits.idle_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio.Protocol says."""
        if self in self.connections:
            self._counters.open -= 1
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As asyncio.Protocol says."""
        if self.transport.is_closing() or (
            self._stage is _Stage.IDLE
            and self._endpoint is not None
            and not self.flow.write_paused
            and not self._last_call
            and self._answered_whole(self._endpoint, data)
        ):
            return
        if self._stage is _Stage.HEADER:
            self._head_bytes += self._chunk
        self._chunk = len(data)
        super().data_received(data)
        if (
            self._stage is _Stage.HEADER
            and self._head_bytes + self._chunk > self._limits.header_bytes
            and self._head_bytes > 0
        ):
            # Several chunks and no end in sight. Exact is the check in on_headers_complete.
            self._too_large = True
            self.send_400_response("")

    def end_with_next_answer(self) -> None:
        """Where a certificate opened this connection, whose CA may be believed no more."""
        self._last_call = self._peer is not None

    def end_overdue(self) -> None:
        """Called by the sweep once `deadline` has passed."""
        if self.transport.is_closing():
            # Closing politely took too long as well: what is unsent is given up.
            self.transport.abort()
            return
        self._counters.count_closed(self._stage.value)
        if self._stage in (_Stage.HEADER, _Stage.BODY):
            self._refuse(408, "timeout", f"the {self._stage.name.lower()} did not arrive in time")
        elif self._stage is _Stage.IDLE:
            self._close()
        else:
            self.transport.abort()

    # --- calls in one piece ---------------------------------------------------------------------

    def _answered_whole(self, endpoint: HttpEndpoint, data: bytes) -> bool:
        """Whether `data` was a whole call; if it was not, nothing has come of it yet.

        INVARIANT: asked between two calls only, when nobody waits for an answer and the parser
        has read all that came before.
        """
        call = self._whole_calls.read(data)
        limits = self._limits
        if (
            call is None
            or len(call.fields) > limits.header_count
            or len(data) - len(call.body) > limits.header_bytes
        ):
            return False
        answer = endpoint.answer(
            call.method, call.path, call.query, call.fields, call.body, self._peer
        )
        if answer is None:
            return False
        if isinstance(answer, WireAnswer):
            self._write(answer)
        else:
            self._wait_for(endpoint, call, answer)
        return True

    def _write(self, answer: WireAnswer) -> None:
        """As `JoinedAnswer.answer_whole`."""
        octets = octets_of(answer, self.server_state.default_headers)
        if octets is None:
            # No adapter makes one. An answer of the server's own (500) would open a gateway that
            # fails open, so there is none.
            self.transport.abort()
            return
        self.transport.write(octets)
        self.server_state.total_requests += 1
        self.deadline = self._now() + self._limits.idle_seconds

    def _wait_for(self, endpoint: HttpEndpoint, call: WholeCall, answer: Unanswered) -> None:
        """Uvicorn's way from here on: what comes meanwhile waits behind this call."""
        self.url = call.url
        self.headers = list(call.fields.items())
        self.expect_100_continue = False
        self._keep_alive = True
        self._start_call(call.method, "1.1", partial(_answer_later, endpoint, answer))
        super().on_message_complete()
        self._enter(_Stage.ANSWER, self._limits.answer_seconds)

    # --- the parser's callbacks -----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._keep_alive = True
        self._head_bytes = 0
        self._enter(_Stage.HEADER, self._limits.header_seconds)

    def on_headers_complete(self) -> None:
        """The header section is there; the call starts."""
        limits = self._limits
        if len(self.headers) > limits.header_count or (
            self._head_bytes + self._chunk > limits.header_bytes
            and self._header_section() > limits.header_bytes
        ):
            self._too_large = True
            raise _HeadersTooLargeError
        version = self.parser.get_http_version()
        self._keep_alive = version != "1.0" and self.parser.should_keep_alive()
        self._start_call(self.parser.get_method().decode("ascii"), version, self.app)
        self._enter(_Stage.BODY, limits.body_seconds)

    def _start_call(self, method: str, http_version: str, app: Any) -> None:  # noqa: ANN401
        """Begin to answer by `app`, an ASGI application, or once it is this call's turn."""
        # uvicorn's on_message_begin and on_headers_complete, less what this listener does not
        # have (a root path, other protocols to switch to, a refusal of its own), and with our
        # kind of answer.
        target = httptools.parse_url(self.url)
        path = target.path.decode("ascii")
        scope: HTTPScope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": http_version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "root_path": "",
            "headers": self.headers,
            "state": {},
            "method": method,
            "path": unquote(path) if "%" in path else path,
            "raw_path": target.path,
            "query_string": target.query or b"",
        }
        self.scope = scope
        earlier = self._open_cycle()
        self.cycle = cycle = JoinedAnswer(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=self._keep_alive and not self._last_call,
            on_response=self.on_response_complete,
        )
        # The type of ASGI's own extensions, which are data.
        scope["extensions"] = {ANSWER_WHOLE: cycle.answer_whole}  # type: ignore[dict-item]
        if self._peer is not None:
            scope["extensions"][PEER_CERTIFICATE] = self._peer  # type: ignore[assignment]
        if earlier is None:
            self._start_asgi_task(cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))

    def on_message_complete(self) -> None:
        """The whole request is there."""
        super().on_message_complete()
        self._enter(_Stage.ANSWER, self._limits.answer_seconds)

    def on_response_complete(self) -> None:
        """As uvicorn's, less its keep-alive timer: the sweep ends idle connections."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self.deadline = self._now() + self._limits.answer_seconds
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._stage is _Stage.ANSWER:
            self._enter(_Stage.IDLE, self._limits.idle_seconds)
        # Else the answer came before the end of its body, or the next header has begun: the
        # clock of that goes on.

    def send_400_response(self, msg: str) -> None:
        """The parser gave up (uvicorn's name): answer in JSON, because some gateways take a
        refusal that is not JSON for a fault of their own (facts/ping.md 1.6, rule 9)."""
        if self._too_large:
            self._counters.count_closed(CloseCause.HEADERS_TOO_LARGE)
            self._refuse(431, "headers-too-large", "the header section is too large")
        else:
            self._counters.count_closed(CloseCause.MALFORMED)
            self._refuse(400, "malformed", "this is not an HTTP request that is accepted here")

    # --- ending -------------------------------------------------------------------------------

    def _refuse(self, status: int, code: str, message: str) -> None:
        if not self._answers_something_else():
            body = msgspec.json.encode({"code": code, "message": message, "id": self._new_id()})
            self.transport.write(
                b"%scontent-type: application/json\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n%s" % (STATUS_LINE[status], len(body), body)
            )
        self._close()

    def _answers_something_else(self) -> bool:
        """Whether bytes written now would be taken for the answer to another call.

        INVARIANT: a refusal is never written before the answer to an earlier call, nor into one.
        """
        cycle = self._open_cycle()
        if cycle is None:
            return False
        # In any other stage the open cycle belongs to an earlier call than the bytes at fault.
        return bool(self.pipeline) or self._stage is not _Stage.BODY or cycle.response_started

    def _close(self) -> None:
        cycle = self._open_cycle()
        if cycle is not None:
            # Nothing that is still being decided may write behind this.
            cycle.disconnected = True
            cycle.message_event.set()
        self.deadline = self._now() + 1.0
        self.transport.close()

    def _open_cycle(self) -> RequestResponseCycle | None:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first call
        return None if cycle is None or cycle.response_complete else cycle

    def _header_section(self) -> int:
        # Each field line has a colon, a space and CR LF beside its name and value.
        return len(self.url) + sum([len(name) + len(value) + 4 for name, value in self.headers])

    def _enter(self, stage: _Stage, seconds: float) -> None:
        self._stage = stage
        self.deadline = self._now() + seconds


async def _answer_later(
    endpoint: HttpEndpoint, unanswered: Unanswered, scope: Scope, _receive: Receive, send: Send
) -> None:
    """An ASGI application that sends one answer which was begun before."""
    await endpoint.answer_later(unanswered, scope, send)
