"""Forward authentication: nginx `auth_request`, Traefik, Caddy, and HAProxy by our own Lua.

facts/gateways.md 1 to 4, 6 and 7. The gateway asks by a GET with the client's header fields and
its own about the original request, and permits whatever is answered by a 2xx; of a permit it copies
the header fields that its configuration names, and nothing else. A body never comes along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from deemster.errors import (
    CallTooLargeError,
    CannotCarryOutError,
    GatewayUnauthenticatedError,
    MalformedCallError,
    ProtocolError,
)
from deemster.gateways.adapter import Fields, WireAnswer, WireHeaders, WireRequest
from deemster.gateways.answers import (
    RETRY_AFTER_SECONDS,
    challenge_fields,
    decision_id_field,
    denied_body,
    error_answer,
    refusal_of,
)
from deemster.gateways.client_address import ClientAddress
from deemster.gateways.forward_auth_profiles import ForwardAuthProfile
from deemster.gateways.header_fields import COMMON_NAMES, is_token
from deemster.gateways.identity_headers import IdentityHeaders, ReservedFields, can_be_sent
from deemster.model.decision import Decision, Statement
from deemster.model.http import ApiCall, Headers

__all__ = ["ForwardAuth", "forward_auth_path"]


def forward_auth_path(profile: str) -> str:
    """Where a profile is served."""
    return f"/forward-auth/{profile}"


class ForwardAuth:
    """One profile. The protocol is called like it, so that a gateway is held to its own."""

    def __init__(
        self,
        profile: ForwardAuthProfile,
        *,
        identity: IdentityHeaders,
        copies: Iterable[str] = (),
        client_address: ClientAddress | None = None,
        secret_headers: Iterable[str] = (),
    ) -> None:
        """`copies` are the header fields that the gateway copies from a permit besides those of
        `identity`: policies may set these and no others. `secret_headers` are those in which
        gateways prove who they are: no policy sees them. Without `client_address` none is known.
        """
        self.protocol = profile.name
        self._copies = tuple([name.lower() for name in copies])
        self.statements = _WORDED | {_MODIFY_HEADERS} if self._copies else _WORDED
        self._profile = profile
        self._identity = identity
        self._reserved = ReservedFields([*identity.names, *self._copies])
        self._client_address = client_address
        told = {profile.method, profile.uri, profile.scheme, profile.host}
        self._told = told | {profile.connection} if profile.connection else told
        # What is between the gateway and us is not the client's.
        hidden = {name.lower().encode("ascii") for name in secret_headers} | {b"host"}
        self._not_the_clients = self._told | hidden

    def decode(self, wire: WireRequest) -> ApiCall:
        """Raises MalformedCallError naming the header field that is missing or wrong."""
        if wire.method != "GET":
            raise MalformedCallError("the decision point is asked by GET")
        told: dict[bytes, bytes] = {}
        fields: list[tuple[str, str]] = []
        for name, value in wire.headers:
            if name not in self._not_the_clients:
                # Octets beyond ASCII have no meaning to HTTP, but to the upstream: none is lost.
                known = _COMMON.get(name) or name.decode("latin-1")
                fields.append((known, value.decode("latin-1")))
            elif name in self._told:
                if name in told:
                    raise MalformedCallError(f"`{name.decode()}` came more than once")
                told[name] = value
        profile = self._profile
        method = _told(told, profile.method).decode("latin-1")
        if not is_token(method):
            raise MalformedCallError(f"`{profile.method.decode()}` is no method")
        host = self._host(told)
        url = f"{self._scheme(told)}://{host}{self._uri(told)}"
        address = self._client_address
        client_ip = None if address is None else address.of(fields)
        connection = told.get(profile.connection) if profile.connection else None
        sent = fields if connection is None else [*fields, _connection(connection)]
        return ApiCall(
            method=method,
            url=url,
            headers=Headers((("host", host), *fields)),
            client_ip=client_ip,
            refusal=self._reserved.refusal(sent),
            possible=self.statements,
            shows_answer=False,
        )

    def encode(self, call: ApiCall, decision: Decision) -> WireAnswer:
        """A 200 without a body, or the deny; as the protocol says."""
        if not decision.permitted:
            return self._deny(decision)
        headers = self._identity.octets(decision)
        if self._copies:
            headers += [
                (name.encode("ascii"), value.encode("ascii"))
                for name, value in self._set_by(decision.statements)
            ]
        if _DECISION_ID not in self._identity.names:
            headers += decision_id_field(decision)
        headers.append(_NO_STORE)
        return WireAnswer(200, headers, b"")

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """A status that no gateway takes for a permit; most pass it on to the client."""
        status = self._passed_on(_error_status(error))
        return error_answer(status, error.code, error.message, error_id, _NO_STORE)

    def _deny(self, decision: Decision) -> WireAnswer:
        refusal = refusal_of(decision)
        # Traefik and Caddy hand every field to the client: none of identity, policy or ourselves.
        headers = [_JSON, *decision_id_field(decision), _NO_STORE]
        for name, value in challenge_fields(decision):
            headers.append((name.encode("ascii"), value.encode("ascii")))
        if refusal.unavailable:
            headers.append(_RETRY_AFTER)
        return WireAnswer(self._passed_on(refusal.status), headers, denied_body(decision))

    def _passed_on(self, status: int) -> int:
        known = self._profile.statuses
        return status if known is None or status in known else 403

    def _scheme(self, told: dict[bytes, bytes]) -> str:
        scheme = self._profile.schemes.get(_told(told, self._profile.scheme))
        if scheme is None:
            raise MalformedCallError(f"`{self._profile.scheme.decode()}` is not http or https")
        return scheme

    def _host(self, told: dict[bytes, bytes]) -> str:
        host = _told(told, self._profile.host)
        # INVARIANT: nothing that ends an authority (RFC 3986 3.2), or the client would choose the
        # path that is judged by its Host.
        if _HOST(host) is None:
            raise MalformedCallError(f"`{self._profile.host.decode()}` is no host")
        return host.decode("ascii")

    def _uri(self, told: dict[bytes, bytes]) -> str:
        uri = _told(told, self._profile.uri)
        if uri[:1] != b"/":
            raise MalformedCallError(f"`{self._profile.uri.decode()}` is no path with a query")
        try:
            return uri.decode("utf-8")
        except UnicodeDecodeError:
            # The same octets, escaped: refused where paths are judged, not where bytes are.
            return "".join([chr(octet) if octet < 0x80 else f"%{octet:02X}" for octet in uri])

    def _set_by(self, statements: Iterable[Statement]) -> Fields:
        """Each copied field, empty where no statement sets it: the client's own never stays."""
        fields = dict.fromkeys(self._copies, "")
        for statement in statements:
            if statement.code != _MODIFY_HEADERS:
                continue
            try:
                fields.update(self._settings(statement))
            except CannotCarryOutError:
                if statement.obligatory:
                    raise
        return tuple(fields.items())

    def _settings(self, statement: Statement) -> dict[str, str]:
        settings: dict[str, str] = {}
        payload = statement.payload
        for name, said in payload.items() if isinstance(payload, dict) else ():
            # Gateways differ in what they copy of a repeated field: first, last, all, joined.
            values = [] if said is None else said if isinstance(said, list) else [said]
            value = "".join(values) if len(values) <= 1 else None
            if name.lower() not in self._copies or value is None or not can_be_sent(value):
                raise CannotCarryOutError(f"`{name}` is not among the `copies` of {self.protocol}")
            settings[name.lower()] = value
        return settings


# Names that need not be made anew for each call.
_COMMON = {name.encode("ascii"): name for name in COMMON_NAMES}
_WORDED = frozenset({"auth-challenge", "denied-reason"})
_MODIFY_HEADERS = "modify-headers"
_DECISION_ID = "x-decision-id"
_JSON = (b"content-type", b"application/json")
_NO_STORE = (b"cache-control", b"no-store")
_RETRY_AFTER = (b"retry-after", b"%d" % RETRY_AFTER_SECONDS)
# A name, an IPv4 or a bracketed IPv6 address, and a port.
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?").fullmatch


def _told(told: dict[bytes, bytes], name: bytes) -> bytes:
    value = told.get(name)
    if not value:
        raise MalformedCallError(
            f"`{name.decode()}` is missing: the gateway's configuration has to set it"
        )
    return value


def _connection(value: bytes) -> tuple[str, str]:
    return "connection", value.decode("latin-1")


def _error_status(error: ProtocolError) -> int:
    if isinstance(error, GatewayUnauthenticatedError):
        return 403
    return 413 if isinstance(error, CallTooLargeError) else 400
