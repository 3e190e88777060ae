"""Ping's sideband API, as the kits for Kong, Apigee, PingGateway and AWS speak it.

facts/ping.md 1. There is no decision member on this wire: an answer with `response` is a deny and
one without is a permit, so a permit is exactly what was received and nothing is ever null.
"""

from __future__ import annotations

import msgspec

from deemster.errors import ConfigurationError, ProtocolError
from deemster.gateways.adapter import WireAnswer, WireHeaders, WireRequest
from deemster.gateways.answers import (
    RETRY_AFTER_SECONDS,
    answer_headers,
    challenge_of,
    error_answer,
    error_status,
    missing_of,
    phrase,
    refusal_of,
)
from deemster.gateways.header_fields import hides_fields, lower_name
from deemster.gateways.sideband_body import LEAST_DEPTH, Fields, read_request_leg, read_response_leg
from deemster.gateways.sideband_members import UNSET, ResponseLeg
from deemster.model.decision import Decision, Reason
from deemster.model.http import HEADERS_NOT_KNOWN, ApiCall, ApiResponse, Headers, Phase

__all__ = ["PROTOCOL", "PingSidebandRequestLeg", "PingSidebandResponseLeg", "sideband_paths"]

PROTOCOL = "sideband"


def sideband_paths(leg: str, environment: str) -> tuple[str, str]:
    """Where a leg (`request`, `response`) is served: PingAuthorize's path and PingOne's."""
    return f"/sideband/{leg}", f"/v1/environments/{environment}/sideband/{leg}"


_CARRIED_OUT: frozenset[str] = frozenset({"auth-challenge", "denied-reason"})
"""Statements that word a deny; what changes a request or an answer is not carried out yet."""


class PingSidebandRequestLeg:
    """The request leg: what a client asks of an API, before the upstream sees it.

    Of `client_certificate` only the type is looked at.
    """

    protocol = PROTOCOL
    statements = _CARRIED_OUT

    def __init__(self, *, max_depth: int) -> None:
        """`max_depth` is `limits.depth`. Raises ConfigurationError."""
        self._max_depth = _usable_depth(max_depth)

    def decode(self, wire: WireRequest) -> ApiCall:
        """Raises MalformedCallError naming the member, what it must be and what it is.

        Members that the protocol does not have, `state` and `request` are ignored, but for being
        strict JSON.
        """
        leg, fields, echo = read_request_leg(wire.body, max_depth=self._max_depth)
        return ApiCall(
            method=leg.method,
            url=leg.url,
            headers=Headers(fields),
            body=None if leg.body is UNSET else leg.body,
            http_version=leg.http_version,
            client_ip=leg.source_ip,
            asserted_claims=None if leg.access_token is UNSET else leg.access_token,
            refusal=_refusal_of(fields),
            received=echo,
            possible=self.statements,
        )

    def encode(self, call: ApiCall, decision: Decision) -> WireAnswer:
        """HTTP 200 in any case; `call` is one that `decode` made."""
        echo = call.received
        if not isinstance(echo, bytes):
            raise TypeError("the call was not decoded by this adapter")
        if decision.permitted:
            return WireAnswer(200, answer_headers(decision), echo)
        # INVARIANT: the echo is an object with members and ends in its brace.
        body = b'%b,"response":%b}' % (echo[:-1], _deny(decision))
        return WireAnswer(200, answer_headers(decision), body)

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """A 4xx with a JSON object; the kits log its `message` and `id`."""
        return _error_of(error, error_id)


class PingSidebandResponseLeg:
    """The response leg: what the upstream answered, passed on unchanged or replaced by a deny.

    `state` and `request` are not read: nothing that a gateway kept for us is sealed yet.
    """

    protocol = PROTOCOL
    statements = _CARRIED_OUT

    def __init__(self, *, max_depth: int) -> None:
        """As the request leg's."""
        self._max_depth = _usable_depth(max_depth)

    def decode(self, wire: WireRequest) -> ApiCall:
        """Method and URL of the call, and its answer; nothing else is known of the call."""
        leg = read_response_leg(wire.body, max_depth=self._max_depth)
        fields = tuple(
            (lower_name(name), value) for entry in leg.headers for name, value in entry.items()
        )
        return ApiCall(
            method=leg.method,
            url=leg.url,
            headers=HEADERS_NOT_KNOWN,
            http_version=leg.http_version,
            phase=Phase.RESPONSE,
            received=leg,
            response=ApiResponse(
                int(leg.response_code),
                Headers(fields),
                None if leg.body is UNSET else leg.body,
            ),
            possible=self.statements,
        )

    def unchanged(self, call: ApiCall) -> WireAnswer:
        """The gateway replaces status, header fields and body by these: they are the same."""
        return WireAnswer(200, _JSON, _unchanged(call))

    def encode(self, call: ApiCall, decision: Decision) -> WireAnswer:
        """HTTP 200 in any case; a deny stands where the upstream's answer stood."""
        if decision.permitted:
            return WireAnswer(200, answer_headers(decision), _unchanged(call))
        return WireAnswer(200, answer_headers(decision), _deny(decision))

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """As the request leg's."""
        return _error_of(error, error_id)


def _unchanged(call: ApiCall) -> bytes:
    leg = call.received
    if not isinstance(leg, ResponseLeg):
        raise TypeError("the call was not decoded by this adapter")
    return _ENCODER.encode(
        _Unchanged(
            response_code=str(leg.response_code),
            response_status=leg.response_status,
            http_version=leg.http_version,
            headers=leg.headers,
            body=leg.body,
        )
    )


class _Unchanged(msgspec.Struct, gc=False):
    response_code: str
    response_status: str
    http_version: str
    headers: list[dict[str, str]]
    body: str | msgspec.UnsetType


class _Deny(msgspec.Struct, gc=False):
    response_code: str
    response_status: str
    http_version: str
    headers: list[dict[str, str]]
    body: str


class _DenyBody(msgspec.Struct, gc=False):
    code: str
    message: str
    id: str
    missing: list[dict[str, object]] | msgspec.UnsetType


_ENCODER = msgspec.json.Encoder()
_JSON = ((b"content-type", b"application/json"),)
_CONTENT_TYPE = {"content-type": "application/json"}
_NO_STORE = {"cache-control": "no-store"}
_RETRY_AFTER = {"retry-after": str(RETRY_AFTER_SECONDS)}


def _deny(decision: Decision) -> bytes:
    refusal = refusal_of(decision)
    headers = [_CONTENT_TYPE]
    challenge = challenge_of(decision)
    if challenge is not None:
        headers.append({"www-authenticate": challenge})
    headers.append(_NO_STORE)
    if refusal.unavailable:
        headers.append(_RETRY_AFTER)
    missing = missing_of(decision)
    body = _DenyBody(
        code=refusal.code,
        message=refusal.message,
        id=decision.decision_id,
        missing=UNSET if missing is None else missing,
    )
    return _ENCODER.encode(
        _Deny(
            response_code=str(refusal.status),
            response_status=phrase(refusal.status),
            http_version="1.1",
            headers=headers,
            body=_ENCODER.encode(body).decode(),
        )
    )


def _error_of(error: ProtocolError, error_id: str) -> WireAnswer:
    return error_answer(error_status(error), error.code, error.message, error_id)


def _usable_depth(max_depth: int) -> int:
    if max_depth < LEAST_DEPTH:
        raise ConfigurationError(
            f"`limits.depth` is {max_depth}, sideband bodies need at least {LEAST_DEPTH}"
        )
    return max_depth


def _refusal_of(fields: Fields) -> Reason | None:
    for name, value in fields:
        if name == "connection" and hides_fields(value):
            return Reason.RESERVED_HEADER
    return None
