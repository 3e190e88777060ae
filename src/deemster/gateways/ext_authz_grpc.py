"""Envoy's ext_authz over gRPC: `CheckRequest` ► `ApiCall`, `Decision` ► `CheckResponse`.

facts/gateways.md 5. An empty `CheckResponse` is a permit to Envoy, and so is every gRPC error where
it is told to fail open: what is made here is never empty, and a deny always names its status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse
from google.protobuf.message import DecodeError

from deemster.errors import (
    CallTooLargeError,
    GatewayUnauthenticatedError,
    MalformedCallError,
    ProtocolError,
)
from deemster.gateways.adapter import Fields, MessageChanges, WireAnswer, WireHeaders, WireRequest
from deemster.gateways.answers import (
    RETRY_AFTER_SECONDS,
    challenge_fields,
    denied_body,
    error_answer,
    refusal_of,
)
from deemster.gateways.client_address import ClientAddress
from deemster.gateways.client_certificate import certificate_of_pem
from deemster.gateways.ext_authz_call import (
    absolute_url,
    body_text,
    check_settings,
    client_fields,
    in_one_field,
    method_of,
    request_id,
    target_of,
)
from deemster.gateways.ext_authz_permits import WordedPermits
from deemster.gateways.header_settings import MODIFY_HEADERS, header_settings
from deemster.gateways.identity_headers import IdentityHeaders, ReservedFields
from deemster.model.certificate import ClientCertificate
from deemster.model.decision import Decision, Statement
from deemster.model.http import ApiCall, Headers

__all__ = ["CHECK", "PROTOCOL", "ExtAuthzGrpc", "unavailable"]

PROTOCOL = "ext-authz-grpc"
CHECK = "/envoy.service.auth.v3.Authorization/Check"
"""The one method of the service."""


class ExtAuthzGrpc:
    """The bodies of its messages are serialised ones; the status beside them says nothing."""

    protocol = PROTOCOL
    statements = frozenset({"auth-challenge", "denied-reason", MODIFY_HEADERS, "modify-query"})

    def __init__(
        self,
        *,
        changes: MessageChanges,
        identity: IdentityHeaders,
        header_count: int,
        client_address: ClientAddress | None = None,
        secret_headers: Iterable[str] = (),
    ) -> None:
        """`header_count`: how many header fields a client's call may have. `client_address`:
        where its address is told, None if nowhere that is to be believed. `secret_headers`: names
        under which gateways present their secrets; no client's call may have one.
        """
        self._client_address = client_address
        self._changes = changes
        self._identity = identity
        self._header_count = header_count
        self._reserved = ReservedFields([*identity.names, *secret_headers])
        self._permits = WordedPermits()

    def decode(self, wire: WireRequest) -> ApiCall:
        """Raises MalformedCallError."""
        try:
            request = CheckRequest.FromString(wire.body)
        except DecodeError:
            raise MalformedCallError("the message is no CheckRequest") from None
        attributes = request.attributes
        http = attributes.request.http
        if http.query or http.fragment:
            # Envoy tells both as part of the path: policies would judge a query they do not see.
            raise MalformedCallError("`query` and `fragment` are told within `path`")
        fields = self._fields(http)
        return ApiCall(
            method=method_of(http.method),
            url=absolute_url(http.scheme.lower(), http.host, http.path),
            headers=Headers(fields),
            body=body_text(fields, http.raw_body or http.body.encode()),
            http_version=http.protocol.rpartition("/")[2] or "1.1",
            client_ip=self._address(fields, attributes.source.address.socket_address.address),
            gateway_request_id=request_id(fields),
            refusal=self._reserved.refusal(fields),
            certificate=_certificate(attributes.source.certificate),
            possible=self.statements,
            shows_answer=False,
        )

    def encode(self, call: ApiCall, decision: Decision) -> WireAnswer:
        """A permit with what goes along with it, or a deny with its status."""
        if decision.permitted:
            return WireAnswer(200, (), self._permit(call, decision))
        response = CheckResponse()
        refusal = refusal_of(decision)
        told = {"content-type": "application/json", "cache-control": "no-store"}
        told |= dict(challenge_fields(decision))
        if refusal.unavailable:
            told["retry-after"] = str(RETRY_AFTER_SECONDS)
        _deny(response, refusal.status, told, denied_body(decision))
        return WireAnswer(200, (), _described(response, decision))

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """A deny: an Envoy that fails open takes any other form of refusal for a permit."""
        status = 400
        if isinstance(error, GatewayUnauthenticatedError):
            status = 403
        elif isinstance(error, CallTooLargeError):
            status = 413
        return WireAnswer(200, (), _refusal(status, error.code, error.message, error_id))

    def _fields(self, http: Any) -> Fields:  # noqa: ANN401  (the library has no types)
        joined, raw = http.headers, http.header_map.headers
        if joined and raw:
            # One of them is not what Envoy read; which one, nobody knows.
            raise MalformedCallError("both `headers` and `header_map` are there")
        if len(joined) + len(raw) > self._header_count:
            raise MalformedCallError(f"more than {self._header_count} header fields")
        if raw:
            return client_fields([(one.key, one.raw_value or one.value.encode()) for one in raw])
        return client_fields([(name, value.encode()) for name, value in joined.items()])

    def _address(self, fields: Fields, source: str) -> str | None:
        told = self._client_address
        if told is None:
            return None
        return (source or None) if told.is_source else told.of(fields)

    def _permit(self, call: ApiCall, decision: Decision) -> bytes:
        # No statement says who the user is. An empty one is set like any other.
        identity = self._identity.octets(decision)
        if decision.statements:
            return self._worded(call, decision, identity)
        service = decision.service
        says = (
            tuple(identity),
            decision.reason,
            decision.operation,
            None if service is None else service.id,
            decision.revision,
        )
        return self._permits.worded(
            says, decision.decision_id, lambda: self._worded(call, decision, identity)
        )

    def _worded(
        self, call: ApiCall, decision: Decision, identity: Sequence[tuple[bytes, bytes]]
    ) -> bytes:
        response = CheckResponse()
        permit = response.ok_response
        permit.SetInParent()
        if decision.statements:
            self._carry_out(permit, call, decision.statements)
        for name, value in identity:
            _set(permit.headers, name.decode("ascii"), value.decode("ascii"))
        return _described(response, decision)

    def _carry_out(self, response: Any, call: ApiCall, statements: Sequence[Statement]) -> None:  # noqa: ANN401
        settings = header_settings(statements)
        check_settings(settings)
        for name, values in settings.items():
            if name in self._identity.names:
                continue
            if values:
                _set(response.headers, name, in_one_field(name, values))
            else:
                response.headers_to_remove.append(name)
        if any(statement.code == "modify-query" for statement in statements):
            # Whole, because Envoy's own changes of a query compare names as they are spelt.
            path, _, query = target_of(call.url).partition("?")
            changed = self._changes.query(query, statements)
            _set(response.headers, ":path", f"{path}?{changed}" if changed else path)


def unavailable(error_id: str) -> bytes:
    """The answer to a call that could not even be refused properly."""
    message = "the decision is not available at the moment"
    return _refusal(503, "internal-error", message, error_id)


_OVERWRITE = 2  # HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
_PERMISSION_DENIED = 7
# google.rpc.Code; Envoy asks only whether it is zero.
_CODES: Mapping[int, int] = {400: 3, 401: 16, 404: 5, 413: 8, 503: 14}


def _refusal(status: int, code: str, message: str, error_id: str) -> bytes:
    response = CheckResponse()
    body = error_answer(status, code, message, error_id).body
    _deny(response, status, {"content-type": "application/json"}, body)
    answer: bytes = response.SerializeToString()
    return answer


def _deny(response: Any, status: int, told: Mapping[str, str], body: bytes) -> None:  # noqa: ANN401
    response.status.code = _CODES.get(status, _PERMISSION_DENIED)
    denied = response.denied_response
    # Without a status of its own Envoy answers 403, whatever the code above.
    denied.status.code = status
    denied.body = body.decode()
    for name, value in told.items():
        _set(denied.headers, name, value)


def _set(options: Any, name: str, value: str) -> None:  # noqa: ANN401
    option = options.add()
    option.header.key = name
    option.header.value = value
    option.append_action = _OVERWRITE


def _described(response: Any, decision: Decision) -> bytes:  # noqa: ANN401
    """With what Envoy may log or route by, serialised; the client does not see it."""
    described = response.dynamic_metadata.fields
    described["decision_id"].string_value = decision.decision_id
    described["reason"].string_value = decision.reason.value
    if decision.operation is not None:
        described["operation"].string_value = decision.operation
    if decision.service is not None:
        described["api_service"].string_value = decision.service.id
    if decision.revision:
        described["policy_revision"].string_value = decision.revision
    message: bytes = response.SerializeToString()
    return message


def _certificate(pem: str) -> ClientCertificate | None:
    """What Envoy saw in the handshake, where it is told to say so (`include_peer_certificate`)."""
    return certificate_of_pem(unquote(pem)) if pem else None
