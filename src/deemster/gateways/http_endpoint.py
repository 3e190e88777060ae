"""The one ASGI endpoint for gateways: limits ► PEP authentication ► decode ► decide ► encode.

A raw ASGI callable, because a framework would cost more than the decision. Whatever happens in
here ends in the calling protocol's own form. There is no health path: a probe's 200 must never
be mistaken for a permit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from deemster.errors import CallTooLargeError, MalformedCallError, ProtocolError
from deemster.gateways.adapter import (
    GatewayAdapter,
    ResponseLegAdapter,
    WireAnswer,
    WireRequest,
)
from deemster.gateways.answers import error_answer
from deemster.gateways.deciding import CallDecider, GatewayReports
from deemster.gateways.http_envelope import EndpointLimits, check_envelope
from deemster.gateways.pep_auth import PepAuthenticator
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall

__all__ = ["ANSWER_WHOLE", "HttpEndpoint", "ResponseLegs"]

ANSWER_WHOLE = "deemster.answer-whole"
"""ASGI scope extension of a server that takes a whole answer at once: called with status, header
fields and body, it says whether it wrote them. Servers without it are sent two messages."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ResponseLegs:
    """The protocols' response legs, by the path they are served at, and who decides about them.

    `looks_at_answer` says whether there is anything to decide; it may raise ProtocolError.
    """

    adapters: Mapping[str, ResponseLegAdapter]
    decider: CallDecider
    looks_at_answer: Callable[[ApiCall, GatewayCaller], bool]


class HttpEndpoint:
    """Serves the HTTP gateway protocols that are answered by POST."""

    def __init__(
        self,
        *,
        adapters: Mapping[str, GatewayAdapter],
        responses: ResponseLegs,
        authenticator: PepAuthenticator,
        decider: CallDecider,
        reports: GatewayReports,
        new_id: Callable[[], str],
        limits: EndpointLimits,
    ) -> None:
        """`adapters` by the path they are served at, without query."""
        self._routes: dict[bytes, _Decided | _DecidedAnswer] = {}
        for path, adapter in adapters.items():
            self._routes[path.encode("ascii")] = _Decided(adapter, decider)
        for path, leg in responses.adapters.items():
            self._routes[path.encode("ascii")] = _DecidedAnswer(leg, responses)
        self._authenticator = authenticator
        self._reports = reports
        self._new_id = new_id
        self._limits = limits
        self._read_body = (
            self._receive_all if limits.body_timeout is None else self._receive_in_time
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3. Raises asyncio.CancelledError, and what `send` raises."""
        if scope["type"] != "http":
            # A handshake that is closed before it is accepted is a 403.
            await send({"type": "websocket.close"})
            return
        # The path as sent: another spelling of an endpoint is not that endpoint.
        route = self._routes.get(scope.get("raw_path") or scope["path"].encode())
        body: bytes | None = None
        if route is None:
            answer = error_answer(404, "not-found", "no such endpoint", self._new_id())
        elif scope["method"] != "POST":
            message = "this endpoint answers POST only"
            answer = error_answer(
                405, "method-not-allowed", message, self._new_id(), (b"allow", b"POST")
            )
        else:
            try:
                headers = scope["headers"]
                check_envelope(headers, self._limits)
                # INVARIANT: nothing of a body is read before its sender is known.
                caller = self._authenticator.authenticate(headers, route.leg.protocol)
                body = await self._read_body(receive)
                if body is None:
                    return  # the gateway left
                answer = await route.answer(
                    caller, WireRequest("POST", scope["path"], headers, body)
                )
            except ProtocolError as error:
                answer = self._refused(route.leg, error)
            except Exception as fault:  # noqa: BLE001  (a server's own 500 is no protocol's form)
                answer = self._failed(route.leg, fault)
            except BaseException:
                # Cancelled. The server would answer 500 if nobody else has; where the connection
                # is gone already this says nothing.
                await _send(send, scope, self._not_answered(route.leg, self._new_id()), close=True)
                raise
        # What was not read of this message must never be taken for the next one.
        await _send(send, scope, answer, close=body is None)

    async def _receive_all(self, receive: Receive) -> bytes | None:
        """The whole body, None where the gateway left; not more than the limit is ever held."""
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self._limits.body:
                raise CallTooLargeError(f"the body exceeds {self._limits.body} bytes")
            if not message.get("more_body", False):
                return b"".join([*chunks, chunk]) if chunks else chunk
            chunks.append(chunk)

    async def _receive_in_time(self, receive: Receive) -> bytes | None:
        try:
            async with asyncio.timeout(self._limits.body_timeout):
                return await self._receive_all(receive)
        except TimeoutError:
            raise MalformedCallError("the body did not arrive in time") from None

    def _refused(self, leg: GatewayAdapter, error: ProtocolError) -> WireAnswer:
        error_id = self._new_id()
        self._reports.refused_call(leg.protocol, error, error_id)
        return leg.encode_error(error, error_id)

    def _failed(self, leg: GatewayAdapter, fault: Exception) -> WireAnswer:
        error_id = self._new_id()
        self._reports.fault(fault, error_id)
        return self._not_answered(leg, error_id)

    def _not_answered(self, leg: GatewayAdapter, error_id: str) -> WireAnswer:
        return leg.encode_error(MalformedCallError("the call could not be answered"), error_id)


class _Decided:
    """A path whose calls are decided."""

    __slots__ = ("_decider", "leg")

    def __init__(self, leg: GatewayAdapter, decider: CallDecider) -> None:
        self.leg = leg
        self._decider = decider

    def answer(self, caller: GatewayCaller, wire: WireRequest) -> Awaitable[WireAnswer]:
        return self._decider.answer(self.leg, caller, self.leg.decode(wire))


class _DecidedAnswer:
    """A path where the upstream's answers are decided, as far as any policy looks at them."""

    __slots__ = ("_responses", "leg")

    def __init__(self, leg: ResponseLegAdapter, responses: ResponseLegs) -> None:
        self.leg = leg
        self._responses = responses

    async def answer(self, caller: GatewayCaller, wire: WireRequest) -> WireAnswer:
        call = self.leg.decode(wire)
        if not self._responses.looks_at_answer(call, caller):
            return self.leg.unchanged(call)
        return await self._responses.decider.answer(self.leg, caller, call)


async def _send(send: Send, scope: Scope, answer: WireAnswer, *, close: bool) -> None:
    if not close:
        whole = scope.get("extensions", _NO_EXTENSIONS).get(ANSWER_WHOLE)
        if whole is not None and whole(answer.status, answer.headers, answer.body):
            return
    headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
    if close and scope["http_version"].startswith("1"):
        headers.append((b"connection", b"close"))  # RFC 9113 8.2.2 forbids it in HTTP/2
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    # A HEAD is answered by the header fields of its GET (RFC 9110 9.3.2).
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})


_NO_EXTENSIONS: Mapping[str, Any] = {}
