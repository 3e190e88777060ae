"""Envoy's ext_authz over HTTP, wired."""

from __future__ import annotations

from collections.abc import Sequence

from deemster.app.forward_auth import client_address
from deemster.decisions.shadowed import Deciding
from deemster.gateways.deciding import CallDecider, RecordedDecisions
from deemster.gateways.exchange import CallExchange, Exchange
from deemster.gateways.ext_authz_http import PREFIX, ExtAuthzHttp
from deemster.gateways.identity_headers import IdentityHeaders, IdentityValue
from deemster.settings.model import Settings

__all__ = ["ext_authz_http_exchanges"]


def ext_authz_http_exchanges(
    settings: Settings, point: Deciding, decisions: RecordedDecisions
) -> Sequence[tuple[str, Exchange]]:
    """By prefix, whatever the method: it is the client's."""
    adapter = ExtAuthzHttp(
        identity=IdentityHeaders(
            {name: IdentityValue(value) for name, value in settings.identity_headers}
        ),
        copies=settings.ext_authz.copies,
        client_address=client_address(settings.ext_authz.http_client_ip),
        secret_headers={gateway.secret_header for gateway in settings.gateways},
    )
    exchange = CallExchange(adapter, CallDecider(point.begin, decisions), methods=None)
    return [(f"{PREFIX}/", exchange)]
