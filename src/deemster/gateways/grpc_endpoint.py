"""The one gRPC endpoint for gateways: PEP authentication ► the message ► decode ► decide ► encode.

Whatever happens in here ends in status OK with a deny in it: a gateway that is told to fail open
lets a call pass on any other gRPC status. Hence messages are bytes here (a deserialiser would fail
before anybody is asked), and read only once their sender is known.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import grpc

from deemster.errors import CallTooLargeError, MalformedCallError, ProtocolError
from deemster.gateways.adapter import WireAnswer, WireHeaders, WireRequest
from deemster.gateways.arrivals import Arrivals
from deemster.gateways.deciding import GatewayReports, Pending
from deemster.gateways.exchange import Exchange
from deemster.gateways.http_envelope import EndpointLimits
from deemster.gateways.peer_certificate import read_pem_certificate
from deemster.gateways.pep_auth import PepAuthenticator
from deemster.model.certificate import PeerCertificate
from deemster.model.gateway import GatewayCaller

__all__ = ["GrpcEndpoint"]


class GrpcEndpoint(grpc.GenericRpcHandler):  # type: ignore[misc]  # the library has no types
    """Serves one exchange as the unary method `method`; its messages are the exchange's bodies."""

    def __init__(  # noqa: PLR0913  (its parts, each by keyword)
        self,
        exchange: Exchange,
        *,
        method: str,
        authenticator: PepAuthenticator,
        reports: GatewayReports,
        new_id: Callable[[], str],
        limits: EndpointLimits,
        unavailable: Callable[[str], bytes],
        shown_certificates: bool = False,
    ) -> None:
        """`unavailable` makes the deny, with an id in it, that is sent where all else fails.

        `shown_certificates`: whether connections have certificates that the library verified.
        """
        self._shown_certificates = shown_certificates
        self._peers: dict[bytes, PeerCertificate | None] = {}
        self._exchange = exchange
        self._method = method
        self._package = method.partition(".v")[0]
        self._authenticator = authenticator
        self._reports = reports
        self._new_id = new_id
        # A message holds what an HTTP gateway would put into header fields, and the body.
        self._longest = limits.body + (limits.headers or 0)
        self._unavailable = unavailable
        # For the wire, a stream of one message is a unary call.
        self._handler = grpc.stream_unary_rpc_method_handler(self.answer)
        self._arrivals: Arrivals[WireAnswer | Pending[WireAnswer]] = Arrivals()
        self._refusing = grpc.stream_unary_rpc_method_handler(self.refuse)

    def service(self, details: Any) -> Any:  # noqa: ANN401
        """Which calls are ours: also those of other versions of the protocol, to be denied.

        "No such method" is an error, which opens a gateway that fails open.
        """
        called: str = details.method
        if called == self._method:
            return self._handler
        return self._refusing if called.startswith(self._package) else None

    async def refuse(self, messages: object, call: Any) -> bytes:  # noqa: ANN401
        """The answer to a call of another version."""
        error = MalformedCallError(f"the one method here is `{self._method}`")
        return self._exchange.encode_error(error, self._new_id(), ()).body

    async def answer(self, messages: object, call: Any) -> bytes:  # noqa: ANN401
        """A serialised answer, never an empty one and never an exception."""
        try:
            answer = await self._answer(call)
        except asyncio.CancelledError:
            # The gateway left, and hears nothing. Whoever else cancelled us, the library would
            # end the call with a status that is not OK.
            answer = b""
        except Exception as fault:  # noqa: BLE001  (fail closed: a fault of ours is a deny)
            return self._failed(fault)
        return answer or self._unavailable(self._new_id())

    async def _answer(self, call: Any) -> bytes:  # noqa: ANN401
        headers: WireHeaders = ()
        try:
            headers = _metadata(call.invocation_metadata())
            peer = self._peer(call) if self._shown_certificates else None
            caller = self._authenticator.authenticate(headers, self._exchange.protocol, peer)
            if not isinstance(caller, GatewayCaller):
                caller = await caller
            # Not from `messages`: of those a generator is left over, and a task that ends it.
            message = await call.read()
            if not isinstance(message, bytes):
                raise MalformedCallError("a call without a message")
            if len(message) > self._longest:
                raise CallTooLargeError(f"the message exceeds {self._longest} bytes")
            wire = WireRequest("POST", self._method, headers, message)
            answer = await self._arrivals.begun(partial(self._exchange.begin, caller, wire))
            return (await answer if isinstance(answer, Pending) else answer).body
        except ProtocolError as error:
            error_id = self._new_id()
            self._reports.refused_call(self._exchange.protocol, error, error_id)
            return self._exchange.encode_error(error, error_id, headers).body

    def _peer(self, call: Any) -> PeerCertificate | None:  # noqa: ANN401
        shown = call.auth_context().get("x509_pem_cert")
        if not shown:
            return None
        # Every call on a connection has the same one; a gateway has few connections.
        if shown[0] not in self._peers:
            if len(self._peers) >= _KNOWN_PEERS:
                self._peers.clear()
            self._peers[shown[0]] = read_pem_certificate(shown[0])
        return self._peers[shown[0]]

    def _failed(self, fault: Exception) -> bytes:
        error_id = self._new_id()
        with contextlib.suppress(Exception):
            self._reports.fault(fault, error_id)
        return self._unavailable(error_id)


_KNOWN_PEERS = 64


def _metadata(fields: Sequence[tuple[str, str | bytes]]) -> WireHeaders:
    return tuple(
        [
            (name.encode(), value.encode() if isinstance(value, str) else value)
            for name, value in fields
        ]
    )
