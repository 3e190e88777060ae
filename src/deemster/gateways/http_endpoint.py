"""The one ASGI endpoint for gateways: limits ► PEP authentication ► decode ► decide ► encode.

A raw ASGI callable, because a framework would cost more than the decision. Whatever happens in
here ends in the calling protocol's own form. There is no health path: a probe's 200 must never
be mistaken for a permit.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

from deemster.errors import (
    CallTooLargeError,
    GatewayUnauthenticatedError,
    MalformedCallError,
    ProtocolError,
)
from deemster.gateways.adapter import WireAnswer, WireHeaders, WireRequest
from deemster.gateways.answers import error_answer
from deemster.gateways.deciding import GatewayReports, Pending
from deemster.gateways.exchange import Exchange
from deemster.gateways.http_envelope import EndpointLimits, check_envelope
from deemster.gateways.pep_auth import PepAuthenticator
from deemster.model.certificate import PeerCertificate
from deemster.model.gateway import GatewayCaller

__all__ = ["ANSWER_WHOLE", "PEER_CERTIFICATE", "HttpEndpoint", "ServedPath", "Unanswered"]

ANSWER_WHOLE = "deemster.answer-whole"
"""ASGI scope extension of a server that takes a whole answer at once: called with status, header
fields and body, it says whether it wrote them. Servers without it are sent two messages."""

PEER_CERTIFICATE = "deemster.peer-certificate"
"""ASGI scope extension of a server that speaks TLS: the `PeerCertificate` of the connection, where
the other end showed one and its chain was verified."""

MOST_DROPPED = 64 * 1024 * 1024
"""Bytes of a refused body that are let pass: what `limits.body` could be at most."""

QUIET_SECONDS = 0.3
"""How long more of it is waited for: who sends nothing has nothing to lose his refusal to."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ServedPath(NamedTuple):
    """What is served at a path, or below one that ends in a slash.

    `protocol` None: a page for everybody.
    """

    path: str
    protocol: str | None


class Unanswered(NamedTuple):
    """A message whose answer something must be waited for: for `HttpEndpoint.answer_later`."""

    served: Exchange
    headers: WireHeaders
    answer: Awaitable[WireAnswer]


class HttpEndpoint:
    """Serves the gateway protocols that are spoken over HTTP.

    To servers of ASGI by `__call__`; to one that has a whole message in hand also by `answer`,
    which takes neither a task nor a message of ASGI.
    """

    def __init__(
        self,
        *,
        exact: Mapping[str, Exchange],
        authenticator: PepAuthenticator,
        reports: GatewayReports,
        new_id: Callable[[], str],
        limits: EndpointLimits,
        prefixes: Sequence[tuple[str, Exchange]] = (),
        pages: Mapping[str, WireAnswer] | None = None,
    ) -> None:
        """What is served by the path, without query: at `exact` ones, and at all that begin with
        one of `prefixes`. `pages` are for anybody who asks by GET.
        """
        self._exact = {path.encode("ascii"): served for path, served in exact.items()}
        self._prefixes = tuple([(path.encode("ascii"), served) for path, served in prefixes])
        self._pages = {path.encode("ascii"): page for path, page in (pages or {}).items()}
        self._authenticator = authenticator
        self._reports = reports
        self._new_id = new_id
        self._limits = limits
        self._read_body = (
            self._receive_all if limits.body_timeout is None else self._receive_in_time
        )

    @property
    def served(self) -> Sequence[ServedPath]:
        """All that is served, for whoever describes it."""
        exchanges = [*self._exact.items(), *self._prefixes]
        return [
            *[ServedPath(path.decode("ascii"), served.protocol) for path, served in exchanges],
            *[ServedPath(path.decode("ascii"), None) for path in self._pages],
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3. Raises asyncio.CancelledError, and what `send` raises."""
        if scope["type"] != "http":
            # A handshake that is closed before it is accepted is a 403.
            await send({"type": "websocket.close"})
            return
        # The path as sent: another spelling of an endpoint is not that endpoint.
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        method: str = scope["method"]
        served = self._exact.get(path) or self._below_prefix(path)
        body: bytes | None = None
        if served is None or (served.methods is not None and method not in served.methods):
            answer = self._not_served(served, path, method)
        else:
            headers = scope["headers"]
            try:
                check_envelope(headers, self._limits)
                # INVARIANT: nothing of a body is read before its sender is known.
                peer = scope.get("extensions", _NO_EXTENSIONS).get(PEER_CERTIFICATE)
                caller = self._authenticator.authenticate(headers, served.protocol, peer)
                if not isinstance(caller, GatewayCaller):
                    caller = await caller
                body = await self._read_body(receive)
                if body is None:
                    return  # the gateway left
                wire = WireRequest(
                    method, path.decode("latin-1"), headers, body, scope["query_string"]
                )
                begun = served.begin(caller, wire)
                answer = await begun if isinstance(begun, Pending) else begun
            except Exception as failure:  # noqa: BLE001  (see `_told`)
                answer = self._told(served, failure, headers)
            except BaseException:
                await self._give_up(served, headers, scope, send)
                raise
        await (
            _send(send, scope, answer, close=False)
            if body is not None
            else self._end_unread(receive, send, scope, answer)
        )

    def answer(
        self,
        method: str,
        path: bytes,
        query: bytes,
        fields: Mapping[bytes, bytes],
        body: bytes,
        peer: PeerCertificate | None,
    ) -> WireAnswer | Unanswered | None:
        """The answer to a whole message, framed by its Content-Length.

        `fields` by lower-case name, each of which came once; the server kept its limits on them.
        None: the message is for `__call__`, which refuses some of them in ways of its own, and
        nothing has come of it yet. Never raises.
        """
        served = self._exact.get(path) or self._below_prefix(path)
        if served is None or (served.methods is not None and method not in served.methods):
            return None
        if len(body) > self._limits.body or len(fields) > self._limits.header_count:
            return None
        headers = tuple(fields.items())
        try:
            # INVARIANT: nothing of a body is looked at before its sender is known.
            caller = self._authenticator.authenticate_single(fields, headers, served.protocol, peer)
        except Exception:  # noqa: BLE001  (`__call__` finds the same, and refuses)
            return None
        wire = WireRequest(method, path.decode("latin-1"), headers, body, query, fields)
        if not isinstance(caller, GatewayCaller):
            return Unanswered(served, headers, _answered_to(served, caller, wire))
        try:
            begun = served.begin(caller, wire)
        except Exception as failure:  # noqa: BLE001  (see `_told`)
            return self._told(served, failure, headers)
        if isinstance(begun, WireAnswer):
            return begun
        return Unanswered(served, headers, begun)

    async def answer_later(self, unanswered: Unanswered, scope: Scope, send: Send) -> None:
        """Wait for what `answer` began, and send it. Raises as `__call__`."""
        served, headers, begun = unanswered
        try:
            answer = await begun
        except Exception as failure:  # noqa: BLE001  (see `_told`)
            answer = self._told(served, failure, headers)
        except BaseException:
            await self._give_up(served, headers, scope, send)
            raise
        await _send(send, scope, answer, close=False)

    def _below_prefix(self, path: bytes) -> Exchange | None:
        for prefix, served in self._prefixes:
            if path.startswith(prefix):
                return served
        return None

    def _not_served(self, served: Exchange | None, path: bytes, method: str) -> WireAnswer:
        if served is not None and served.methods is not None:
            return self._wrong_method(served.methods)
        page = self._pages.get(path)
        if page is None:
            return error_answer(404, "not-found", "no such endpoint", self._new_id())
        return page if method in _READING else self._wrong_method(_READING)

    def _wrong_method(self, methods: frozenset[str]) -> WireAnswer:
        names = ", ".join(sorted(methods))
        message = f"this endpoint answers {names} only"
        allowed = (b"allow", names.encode())
        return error_answer(405, "method-not-allowed", message, self._new_id(), allowed)

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

    async def _end_unread(
        self, receive: Receive, send: Send, scope: Scope, answer: WireAnswer
    ) -> None:
        """Refuse a call whose body was not read, and end the connection.

        The body is let pass before: a connection that is closed while the other end still writes
        is reset, and the refusal lost. A gateway sees a failure, which opens it where it is told
        to fail open. One that waits for our word before it sends (RFC 9110 10.1.1) sends nothing.
        """
        if not any(name == b"expect" for name, _ in scope["headers"]):
            await self._let_pass(receive)
        # What was not read of this message must never be taken for the next one.
        await _send(send, scope, answer, close=True)

    async def _let_pass(self, receive: Receive) -> None:
        dropped = 0
        more = True
        with contextlib.suppress(Exception):  # the refusal stands, whatever comes
            while more and dropped <= MOST_DROPPED:
                async with asyncio.timeout(QUIET_SECONDS):
                    message = await receive()
                dropped += len(message.get("body", b""))
                more = message.get("more_body", False)

    async def _receive_in_time(self, receive: Receive) -> bytes | None:
        try:
            async with asyncio.timeout(self._limits.body_timeout):
                return await self._receive_all(receive)
        except TimeoutError:
            raise MalformedCallError("the body did not arrive in time") from None

    def _told(self, served: Exchange, failure: Exception, headers: WireHeaders) -> WireAnswer:
        """The refusal in the protocol's own form, whatever failed: a server's own 500 is none."""
        if isinstance(failure, ProtocolError):
            return self._refused(served, failure, headers)
        return self._failed(served, failure, headers)

    async def _give_up(
        self, served: Exchange, headers: WireHeaders, scope: Scope, send: Send
    ) -> None:
        """Cancelled. The server would answer 500 if nobody else has; where the connection is gone
        already this says nothing.
        """
        refusal = self._not_answered(served, self._new_id(), headers)
        await _send(send, scope, refusal, close=True)

    def _refused(self, served: Exchange, error: ProtocolError, headers: WireHeaders) -> WireAnswer:
        error_id = self._new_id()
        try:
            self._reports.refused_call(served.protocol, error, error_id)
            answer = served.encode_error(error, error_id, headers)
        except Exception as fault:  # noqa: BLE001  (as in `_told`)
            return self._failed(served, fault, headers)
        if isinstance(error, GatewayUnauthenticatedError) and error.challenge is not None:
            # In place of one that the protocol has for itself: what was wrong is known here.
            fields = [field for field in answer.headers if field[0] != b"www-authenticate"]
            fields.append((b"www-authenticate", error.challenge.encode("ascii")))
            return WireAnswer(answer.status, fields, answer.body)
        return answer

    def _failed(self, served: Exchange, fault: Exception, headers: WireHeaders) -> WireAnswer:
        error_id = self._new_id()
        with contextlib.suppress(Exception):
            self._reports.fault(fault, error_id)
        return self._not_answered(served, error_id, headers)

    def _not_answered(self, served: Exchange, error_id: str, headers: WireHeaders) -> WireAnswer:
        message = "the call could not be answered"
        try:
            return served.encode_error(MalformedCallError(message), error_id, headers)
        except Exception:  # noqa: BLE001  (every protocol takes a 403 for a refusal)
            return error_answer(403, "internal-error", message, error_id)


async def _answered_to(
    served: Exchange, caller: Awaitable[GatewayCaller], wire: WireRequest
) -> WireAnswer:
    begun = served.begin(await caller, wire)
    return await begun if isinstance(begun, Pending) else begun


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


_READING = frozenset({"GET", "HEAD"})
_NO_EXTENSIONS: Mapping[str, Any] = {}
