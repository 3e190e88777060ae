"""Envoy's calls over gRPC without Envoy: an endpoint, a CheckRequest, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse
from google.protobuf.message import DecodeError

from deemster.app.changes import StatementChanges
from deemster.decisions.point import DecisionPoint
from deemster.gateways.client_address import SOURCE_ADDRESS, ClientAddress
from deemster.gateways.deciding import CallDecider, DecisionRecording, RecordedDecisions
from deemster.gateways.exchange import CallExchange
from deemster.gateways.ext_authz_grpc import CHECK, ExtAuthzGrpc, unavailable
from deemster.gateways.grpc_endpoint import GrpcEndpoint
from deemster.gateways.http_envelope import EndpointLimits
from deemster.gateways.identity_headers import IdentityHeaders, IdentityValue
from deemster.gateways.pep_auth import GatewayCredentials, GatewaySecret, PepAuthenticator
from deemster.model.gateway import Gateway
from tests.support.clock import FrozenClock
from tests.support.doubles import AlwaysPermit, Broken, CountedIds, FixedDecision, KeptRecords
from tests.support.gateway_calls import SECRET, KeptReports, a_gateway

__all__ = ["FIELDS", "Checked", "GrpcDesk", "a_check_request", "an_adapter", "check"]

FIELDS: Mapping[str, str] = {
    ":authority": "api.example.com",
    ":method": "GET",
    ":path": "/billing/invoices?page=2",
    ":scheme": "https",
    "authorization": "Bearer alice",
    "x-request-id": "r-1",
}
"""Header fields as Envoy shows them when it joins them."""


def a_check_request(
    *,
    fields: Mapping[str, str] | None = None,
    raw: Sequence[tuple[str, bytes]] = (),
    source_ip: str = "203.0.113.7",
    **http: object,
) -> bytes:
    """A serialised CheckRequest; `raw` header fields replace the joined ones."""
    request = CheckRequest()
    attributes = request.attributes
    attributes.source.address.socket_address.address = source_ip
    told = attributes.request.http
    said: dict[str, object] = {
        "id": "4711",
        "method": "GET",
        "path": "/billing/invoices?page=2",
        "host": "api.example.com",
        "scheme": "https",
        "protocol": "HTTP/1.1",
        **http,
    }
    for name, value in said.items():
        setattr(told, name, value)
    if raw:
        for name, octets in raw:
            told.header_map.headers.add(key=name, raw_value=octets)
    for name, value in (FIELDS if fields is None else fields).items() if not raw else ():
        told.headers[name] = value
    message: bytes = request.SerializeToString()
    return message


def an_adapter(**says: str) -> ExtAuthzGrpc:
    """The codec; `says`: identity headers, `X-Auth-User` unless given."""
    identity = {name.replace("_", "-"): IdentityValue(value) for name, value in says.items()}
    return ExtAuthzGrpc(
        changes=StatementChanges(),
        identity=IdentityHeaders(identity or {"X-Auth-User": IdentityValue.SUBJECT}),
        header_count=100,
        client_address=ClientAddress(SOURCE_ADDRESS, 0),
        secret_headers=["client-token"],
    )


@dataclass(frozen=True)
class Checked:
    """What came back, read as Envoy reads it."""

    message: bytes

    @property
    def response(self) -> Any:  # noqa: ANN401  (the library has no types)
        """Raises what Envoy would take for a failure of ours."""
        return CheckResponse.FromString(self.message)

    @property
    def opens(self) -> bool:
        """Whether a call would pass an Envoy that is told to fail open."""
        try:
            return bool(self.response.status.code == 0)
        except DecodeError:
            return True

    @property
    def status(self) -> int:
        """Of the deny; 0 where it names none."""
        return int(self.response.denied_response.status.code)

    @property
    def json(self) -> dict[str, object]:
        """The body of the deny."""
        value = json.loads(self.response.denied_response.body)
        assert isinstance(value, dict)
        return value

    @property
    def denied_fields(self) -> dict[str, str]:
        """Header fields of the deny."""
        return {o.header.key: o.header.value for o in self.response.denied_response.headers}

    @property
    def set_fields(self) -> dict[str, str]:
        """Header fields that the upstream gets."""
        return {o.header.key: o.header.value for o in self.response.ok_response.headers}


@dataclass
class GrpcDesk:
    """An endpoint and its doubles, by default with a decision point that permits everything."""

    point: FixedDecision | Broken | DecisionPoint = field(default_factory=AlwaysPermit)
    recorder: DecisionRecording = field(default_factory=KeptRecords)
    reports: KeptReports = field(default_factory=KeptReports)
    limits: EndpointLimits = field(default_factory=EndpointLimits)
    gateway: Gateway = field(
        default_factory=lambda: a_gateway(id="envoy", protocols=frozenset({"ext-authz-grpc"}))
    )
    secret: str = SECRET

    def __post_init__(self) -> None:
        new_id = CountedIds()
        decisions = RecordedDecisions(
            recorder=self.recorder,
            reports=self.reports,
            clock=FrozenClock(),
            new_id=new_id,
            concurrency=self.limits.concurrency,
        )
        self.endpoint = GrpcEndpoint(
            CallExchange(an_adapter(), CallDecider(self.point.decide, decisions)),
            method=CHECK,
            authenticator=PepAuthenticator(
                [GatewayCredentials(self.gateway, (GatewaySecret("e1", self.secret),))],
                clock=FrozenClock(),
            ),
            reports=self.reports,
            new_id=new_id,
            limits=self.limits,
            unavailable=unavailable,
        )


class _Call:
    """What the endpoint asks of the library's context."""

    def __init__(self, metadata: Sequence[tuple[str, str | bytes]], message: bytes | None) -> None:
        self._metadata = metadata
        self._message = message

    async def read(self) -> object:
        return grpc.aio.EOF if self._message is None else self._message

    def invocation_metadata(self) -> Sequence[tuple[str, str | bytes]]:
        return self._metadata


async def check(
    desk: GrpcDesk,
    message: bytes | None = None,
    *,
    secret: str | None = SECRET,
    metadata: Sequence[tuple[str, str | bytes]] = (),
    silent: bool = False,
) -> Checked:
    """One call; `silent`: its message never comes."""
    sent = [*metadata] if secret is None else [*metadata, ("client-token", secret)]
    said = a_check_request() if message is None else message
    call = _Call(sent, None if silent else said)
    return Checked(await desk.endpoint.answer(None, call))
