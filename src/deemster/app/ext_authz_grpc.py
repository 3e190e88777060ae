"""Envoy's ext_authz over gRPC, wired; imported only where its listener is on."""

from __future__ import annotations

from collections.abc import Callable

from deemster.app.changes import StatementChanges
from deemster.app.forward_auth import client_address
from deemster.decisions.shadowed import Deciding
from deemster.gateways.deciding import CallDecider, GatewayReports, RecordedDecisions
from deemster.gateways.exchange import CallExchange
from deemster.gateways.ext_authz_grpc import CHECK, ExtAuthzGrpc, unavailable
from deemster.gateways.grpc_endpoint import GrpcEndpoint
from deemster.gateways.http_envelope import EndpointLimits
from deemster.gateways.identity_headers import IdentityHeaders, IdentityValue
from deemster.gateways.pep_auth import PepAuthenticator
from deemster.settings.model import Settings

__all__ = ["ext_authz_grpc_endpoint"]


def ext_authz_grpc_endpoint(
    settings: Settings,
    point: Deciding,
    decisions: RecordedDecisions,
    authenticator: PepAuthenticator,
    reports: GatewayReports,
    make_id: Callable[[], str],
) -> GrpcEndpoint:
    """What serves its one method."""
    limits = settings.limits
    adapter = ExtAuthzGrpc(
        changes=StatementChanges(),
        identity=IdentityHeaders(
            {name: IdentityValue(value) for name, value in settings.identity_headers}
        ),
        header_count=limits.header_count,
        client_address=client_address(settings.ext_authz.grpc_client_ip),
        secret_headers={gateway.secret_header for gateway in settings.gateways},
    )
    return GrpcEndpoint(
        CallExchange(adapter, CallDecider(point.begin, decisions)),
        method=CHECK,
        authenticator=authenticator,
        reports=reports,
        new_id=make_id,
        limits=EndpointLimits(
            body=limits.body,
            headers=limits.headers,
            header_count=limits.header_count,
            body_timeout=limits.body_timeout,
        ),
        unavailable=unavailable,
        shown_certificates=_asks_for_certificates(settings),
    )


def _asks_for_certificates(settings: Settings) -> bool:
    listener = settings.listeners.ext_authz
    return listener is not None and listener.tls is not None and listener.tls.client_ca is not None
