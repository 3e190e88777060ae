"""The OpenAPI document of all that the decisions listener serves with these settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from deemster import __version__
from deemster.gateways import authzen, decision_endpoint, ext_authz_http, ping_sideband
from deemster.gateways.forward_auth_profiles import PROFILES
from deemster.gateways.http_endpoint import ServedPath
from deemster.gateways.openapi.authzen import describe_authzen, describe_authzen_metadata
from deemster.gateways.openapi.decision_endpoints import describe_decision_endpoints
from deemster.gateways.openapi.description import Operation
from deemster.gateways.openapi.document import SecurityScheme, openapi_document
from deemster.gateways.openapi.ext_authz_http import describe_ext_authz_http
from deemster.gateways.openapi.forward_auth import describe_forward_auth
from deemster.gateways.openapi.sideband import describe_sideband
from deemster.gateways.pep_credentials import DEFAULT_SECRET_HEADER, TOKEN_PROTOCOLS
from deemster.settings.model import Settings

__all__ = ["openapi_of"]

Describe = Callable[[str], Sequence[Operation]]

DESCRIBED: Mapping[str | None, Describe] = {
    None: describe_authzen_metadata,
    authzen.PROTOCOL: describe_authzen,
    decision_endpoint.PROTOCOL: describe_decision_endpoints,
    ext_authz_http.PROTOCOL: describe_ext_authz_http,
    ping_sideband.PROTOCOL: describe_sideband,
    **dict.fromkeys(PROFILES, describe_forward_auth),
}
"""By protocol; what everybody may read is None. A protocol that is not here cannot be served."""


def openapi_of(settings: Settings, served: Iterable[ServedPath]) -> bytes:
    """The document as JSON, for people too."""
    here = f"/v1/environments/{settings.environment}/"
    operations = [
        operation
        for path in served
        for operation in DESCRIBED[path.protocol](
            path.path.replace(here, "/v1/environments/{environment}/", 1)
        )
    ]
    document = openapi_document(
        operations,
        version=__version__,
        environment=settings.environment,
        security=_security(settings),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _security(settings: Settings) -> Mapping[str, SecurityScheme]:
    """How gateways of these settings prove who they are."""
    gateways = settings.gateways
    headers = {gateway.secret_header for gateway in gateways if gateway.secrets}
    every = frozenset([name for name in DESCRIBED if name is not None])
    schemes = {
        f"secret-{header}": SecurityScheme(
            {
                "type": "apiKey",
                "in": "header",
                "name": header.upper(),
                "description": "A gateway's shared secret",
            },
            every,
        )
        for header in sorted(headers or {DEFAULT_SECRET_HEADER})
    }
    if any(gateway.certificates for gateway in gateways):
        text = "A client certificate, known by a subject alternative name or by its key"
        schemes["certificate"] = SecurityScheme({"type": "mutualTLS", "description": text}, every)
    if any(gateway.access_tokens for gateway in gateways):
        text = "An access token of the gateway's own"
        schemes["access-token"] = SecurityScheme(
            {"type": "http", "scheme": "bearer", "description": text}, TOKEN_PROTOCOLS
        )
    anonymous = settings.insecure_anonymous_gateway
    if anonymous is not None:
        schemes["anonymous"] = SecurityScheme(None, anonymous.protocols)
    return schemes
