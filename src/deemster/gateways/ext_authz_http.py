"""Envoy's ext_authz over HTTP: the client's own method and target below a prefix, 200 for a permit.

facts/gateways.md 4 and 5. Envoy takes every other status for a deny and passes it on, and a 5xx for
an outage of ours, which opens it where it is told to fail open: nothing here is ever a 5xx.
"""

from __future__ import annotations

from collections.abc import Iterable

from deemster.errors import (
    CallTooLargeError,
    CannotCarryOutError,
    GatewayUnauthenticatedError,
    MalformedCallError,
    ProtocolError,
)
from deemster.gateways.adapter import WireAnswer, WireHeaders, WireRequest
from deemster.gateways.answers import (
    challenge_fields,
    decision_id_field,
    denied_body,
    error_answer,
    refusal_of,
)
from deemster.gateways.client_address import ClientAddress
from deemster.gateways.ext_authz_call import (
    absolute_url,
    body_text,
    check_settings,
    field,
    in_one_field,
    method_of,
    request_id,
    separate_fields,
)
from deemster.gateways.header_settings import MODIFY_HEADERS, header_settings
from deemster.gateways.identity_headers import IdentityHeaders, ReservedFields
from deemster.model.decision import Decision, Statement
from deemster.model.http import ApiCall, Headers

__all__ = ["PREFIX", "PROTOCOL", "ExtAuthzHttp"]

PROTOCOL = "ext-authz-http"
PREFIX = "/ext-authz/http"
"""Envoy's `path_prefix`. A client's target follows it, slash and all, so it cannot change it."""


class ExtAuthzHttp:
    """Host, scheme and what else Envoy says are header fields beside the client's."""

    protocol = PROTOCOL

    def __init__(
        self,
        *,
        identity: IdentityHeaders,
        copies: Iterable[str] = (),
        client_address: ClientAddress | None = None,
        secret_headers: Iterable[str] = (),
    ) -> None:
        """`copies` are the header fields that Envoy copies from a permit besides those of
        `identity` (`allowed_upstream_headers`): policies may set these and no others.
        Without `client_address` none is known. `secret_headers` are those in which gateways prove
        who they are: no policy sees them.
        """
        self._identity = identity
        self._client_address = client_address
        self._copies = frozenset([name.lower() for name in copies])
        self.statements = _WORDED | {MODIFY_HEADERS} if self._copies else _WORDED
        self._reserved = ReservedFields(identity.names)
        self._not_the_clients = _OF_THE_CHECK | {name.lower() for name in secret_headers}

    def decode(self, wire: WireRequest) -> ApiCall:
        """Raises MalformedCallError."""
        target = wire.path.removeprefix(PREFIX)
        if target == wire.path:
            raise MalformedCallError(f"the path does not begin with `{PREFIX}`")
        if wire.query:
            target = f"{target}?{wire.query.decode('latin-1')}"
        told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in wire.headers]
        fields = tuple(
            [
                field(name, value)
                for name, whole in told
                if name not in self._not_the_clients
                for value in separate_fields(name, whole)
            ]
        )
        address = self._client_address
        return ApiCall(
            method=method_of(wire.method),
            url=absolute_url(_one(told, "x-forwarded-proto"), _one(told, "host"), target),
            headers=Headers(fields),
            body=body_text(told, wire.body),
            client_ip=None if address is None else address.of(fields),
            gateway_request_id=request_id(fields),
            refusal=self._reserved.refusal(fields),
            possible=self.statements,
            shows_answer=False,
        )

    def encode(self, call: ApiCall, decision: Decision) -> WireAnswer:
        """A 200 without a body, or the deny."""
        if not decision.permitted:
            return _denied(decision)
        settings = self._settings(decision.statements)
        # Last, so that no statement says who the user is. An empty one replaces the client's, too.
        settings |= dict(self._identity.fields(decision))
        headers = [(name.encode(), value.encode()) for name, value in settings.items()]
        if "x-decision-id" not in settings:
            headers += decision_id_field(decision)
        return WireAnswer(200, headers, b"")

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """A 4xx: a 5xx would open an Envoy that fails open."""
        status = 400
        if isinstance(error, GatewayUnauthenticatedError):
            status = 403
        elif isinstance(error, CallTooLargeError):
            status = 413
        return error_answer(status, error.code, error.message, error_id, _NO_STORE)

    def _settings(self, statements: Iterable[Statement]) -> dict[str, str]:
        """Each copied field, empty where no statement sets it: the client's own never stays."""
        settings = header_settings(statements)
        if not self._copies.issuperset(settings):
            raise CannotCarryOutError("a header field to set is not among `extAuthz.http.copies`")
        check_settings(settings)
        return {name: in_one_field(name, settings.get(name, ())) for name in sorted(self._copies)}


_WORDED = frozenset({"auth-challenge", "denied-reason"})
_JSON = (b"content-type", b"application/json")
_NO_STORE = (b"cache-control", b"no-store")
# Of the message that asks, and not of the client's.
_OF_THE_CHECK = frozenset({"content-length", "transfer-encoding", "x-envoy-expected-rq-timeout-ms"})


def _denied(decision: Decision) -> WireAnswer:
    refusal = refusal_of(decision)
    headers = [_JSON, _NO_STORE, *decision_id_field(decision)]
    for name, value in challenge_fields(decision):
        headers.append((name.encode("ascii"), value.encode("ascii")))
    return WireAnswer(
        403 if refusal.status >= 500 else refusal.status, headers, denied_body(decision)
    )


def _one(told: Iterable[tuple[str, str]], wanted: str) -> str:
    """The one value of what Envoy says itself; two would be somebody else's as well."""
    found = [value for name, value in told if name == wanted]
    if len(found) != 1:
        raise MalformedCallError(f"`{wanted}` must be there once, it came {len(found)} times")
    return found[0]
