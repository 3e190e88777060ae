"""Ping's sideband API, as the kits for Kong, Apigee, PingGateway and AWS speak it.

facts/ping.md 1. There is no decision member on this wire: an answer with `response` is a deny and
one without is a permit, so a permit is what was received, as statements change it, and nothing is
ever null.
"""

from __future__ import annotations

from deemster.errors import ConfigurationError, ProtocolError
from deemster.gateways.adapter import (
    MessageChanges,
    SealState,
    WireAnswer,
    WireHeaders,
    WireRequest,
)
from deemster.gateways.answers import answer_headers, error_answer, error_status
from deemster.gateways.client_certificate import certificate_of
from deemster.gateways.header_fields import hides_fields, lower_name
from deemster.gateways.sideband_answers import (
    changed_answer,
    changed_request,
    deny_object,
    unchanged_answer,
    url_of,
    with_state,
)
from deemster.gateways.sideband_body import LEAST_DEPTH, Fields, read_request_leg, read_response_leg
from deemster.gateways.sideband_members import UNSET, ResponseLeg
from deemster.model.decision import Decision, Reason
from deemster.model.http import HEADERS_NOT_KNOWN, ApiCall, ApiResponse, Headers, Phase

__all__ = ["PROTOCOL", "PingSidebandRequestLeg", "PingSidebandResponseLeg", "sideband_paths"]

PROTOCOL = "sideband"


def sideband_paths(leg: str, environment: str) -> tuple[str, str]:
    """Where a leg (`request`, `response`) is served: PingAuthorize's path and PingOne's."""
    return f"/sideband/{leg}", f"/v1/environments/{environment}/sideband/{leg}"


_OF_ANSWERS: frozenset[str] = frozenset(
    {
        "auth-challenge",
        "denied-reason",
        "exclude-attributes",
        "include-attributes",
        "modify-attributes",
        "modify-headers",
        "regex-replace-attributes",
    }
)
"""Statements that word a deny, or change the upstream's answer or its header fields."""


class PingSidebandRequestLeg:
    """The request leg: what a client asks of an API, before the upstream sees it.

    What changes the answer's body is carried to the response leg, in `state`.
    """

    protocol = PROTOCOL
    statements = _OF_ANSWERS | {"modify-query"}

    def __init__(self, *, max_depth: int, changes: MessageChanges, seal: SealState) -> None:
        """`max_depth` is `limits.depth`. Raises ConfigurationError."""
        self._max_depth = _usable_depth(max_depth)
        self._changes = changes
        self._seal = seal

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
            certificate=None
            if leg.client_certificate is UNSET
            else certificate_of(leg.client_certificate),
            possible=self.statements,
        )

    def encode(self, call: ApiCall, decision: Decision) -> WireAnswer:
        """HTTP 200 in any case; `call` is one that `decode` made. Raises CannotCarryOutError."""
        echo = call.received
        if not isinstance(echo, bytes):
            raise TypeError("the call was not decoded by this adapter")
        if decision.permitted:
            if decision.statements:
                echo = changed_request(echo, self._changes, decision.statements)
            if decision.kept is not None:
                echo = with_state(echo, self._seal(decision.kept, call, url_of(echo)))
            return WireAnswer(200, answer_headers(decision), echo)
        # INVARIANT: the echo is an object with members and ends in its brace.
        body = b'%b,"response":%b}' % (echo[:-1], deny_object(decision))
        return WireAnswer(200, answer_headers(decision), body)

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """A 4xx with a JSON object; the kits log its `message` and `id`."""
        return _error_of(error, error_id)


class PingSidebandResponseLeg:
    """The response leg: what the upstream answered, passed on, changed, or replaced by a deny.

    `request`, which some kits send instead of `state`, is not read: anybody could have written it.
    """

    protocol = PROTOCOL
    statements = _OF_ANSWERS

    def __init__(self, *, max_depth: int, changes: MessageChanges) -> None:
        """As the request leg's."""
        self._max_depth = _usable_depth(max_depth)
        self._changes = changes

    def decode(self, wire: WireRequest) -> ApiCall:
        """Method and URL of the call, and its answer. `state` is there as it was sent, or None."""
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
            kept=None if leg.state is UNSET else leg.state,
        )

    def unchanged(self, call: ApiCall) -> WireAnswer:
        """The gateway replaces status, header fields and body by these: they are the same."""
        return WireAnswer(200, _JSON, unchanged_answer(_shown(call)))

    def encode(self, call: ApiCall, decision: Decision) -> WireAnswer:
        """HTTP 200 in any case; a deny stands where the upstream's answer stood.

        Raises CannotCarryOutError.
        """
        if not decision.permitted:
            body = deny_object(decision)
        elif decision.statements:
            body = changed_answer(_shown(call), call, self._changes, decision.statements)
        else:
            body = unchanged_answer(_shown(call))
        return WireAnswer(200, answer_headers(decision), body)

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """As the request leg's."""
        return _error_of(error, error_id)


def _shown(call: ApiCall) -> ResponseLeg:
    leg = call.received
    if not isinstance(leg, ResponseLeg):
        raise TypeError("the call was not decoded by this adapter")
    return leg


_JSON = ((b"content-type", b"application/json"),)


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
