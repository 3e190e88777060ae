"""Reads `gateways` and `insecureAnonymousGateway`: who may ask, and for what."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.settings.credential_sections import read_credentials
from deemster.settings.model import AnonymousGatewaySettings, GatewaySettings
from deemster.settings.reading import one_of
from deemster.settings.scalars import parse_id
from deemster.settings.section import Section

__all__ = ["read_anonymous_gateway", "read_gateway"]

PROTOCOLS = (
    "sideband",
    "nginx",
    "traefik",
    "caddy",
    "haproxy",
    "ext-authz-grpc",
    "ext-authz-http",
    "authzen",
    "decision-endpoint",
)
CLAIMS = ("refuse", "ignore")
_OF_KNOWN_GATEWAYS = ("secrets", "secretHeader", "certificates", "accessTokens")


def read_gateway(section: Section) -> GatewaySettings | None:
    """One entry of `gateways:`; None after an error."""
    gateway_id = section.required("id", parse_id)
    protocols = section.texts("protocols", one_of(PROTOCOLS))
    api_services = _read_api_services(section)
    credentials = read_credentials(section)
    asserts = section.texts("asserts", parse_id, default=())
    claims = section.choice("claims", CLAIMS, None)
    may_name_subjects = section.flag("mayNameSubjects", default=False)
    section.unsupported("mtls", "oauth", "clientIp", "profile")
    section.finish()
    if gateway_id is None:
        return None
    return GatewaySettings(
        id=gateway_id,
        protocols=frozenset(protocols),
        api_services=frozenset(api_services),
        secrets=credentials.secrets,
        secret_header=credentials.secret_header,
        certificates=credentials.certificates,
        access_tokens=credentials.access_tokens,
        asserts=frozenset(asserts),
        claims=claims,
        may_name_subjects=may_name_subjects,
    )


def read_anonymous_gateway(section: Section) -> AnonymousGatewaySettings:
    """`insecureAnonymousGateway:`"""
    why = "a caller without a secret is never believed"
    section.misplaced((*_OF_KNOWN_GATEWAYS, "asserts", "mayNameSubjects"), why)
    gateway_id = section.optional("id", parse_id, "anonymous")
    protocols = section.texts("protocols", one_of(PROTOCOLS))
    api_services = _read_api_services(section)
    claims = section.choice("claims", CLAIMS, None)
    section.finish()
    return AnonymousGatewaySettings(
        id=gateway_id,
        protocols=frozenset(protocols),
        api_services=frozenset(api_services),
        claims=claims,
    )


def _read_api_services(section: Section) -> tuple[str, ...]:
    if section.is_text("apiServices", "*"):
        # `apiServices: "*"` is how everybody writes it first; it says what it means.
        return (section.optional("apiServices", str, "*"),)
    found = section.texts("apiServices", lambda text: text if text == "*" else parse_id(text))
    if "*" in found and len(found) > 1:
        section.error(
            Code.SETTING,
            "`*` means every API service, so no other id goes beside it",
            section.span_at("apiServices"),
        )
    return found
