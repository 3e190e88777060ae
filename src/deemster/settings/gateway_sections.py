"""Reads `gateways` and `insecureAnonymousGateway`: who may ask, and for what."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.settings.model import (
    AnonymousGatewaySettings,
    GatewaySecretSettings,
    GatewaySettings,
)
from deemster.settings.reading import one_of
from deemster.settings.scalars import parse_header_name, parse_id
from deemster.settings.section import Section

__all__ = ["read_anonymous_gateway", "read_gateway"]

PROTOCOLS = ("sideband", "ext-authz-grpc", "ext-authz-http", "authzen", "decision-endpoint")
LATER_PROTOCOLS = (
    "forward-auth",
    "nginx",
    "traefik",
    "caddy",
    "haproxy",
)
CLAIMS = ("refuse", "ignore")
MIN_SECRET_BYTES = 32
MAX_SECRET_BYTES = 8192


def read_gateway(section: Section) -> GatewaySettings | None:
    """One entry of `gateways:`; None after an error."""
    gateway_id = section.required("id", parse_id)
    protocols = section.texts("protocols", one_of(PROTOCOLS, LATER_PROTOCOLS))
    api_services = _read_api_services(section)
    secrets = _read_secrets(section)
    header = section.optional("secretHeader", parse_header_name, "client-token")
    asserts = section.texts("asserts", parse_id, default=())
    claims = section.choice("claims", CLAIMS, None)
    may_name_subjects = section.flag("mayNameSubjects", default=False)
    section.unsupported("certificates", "mtls", "accessTokens", "oauth", "clientIp", "profile")
    section.finish()
    if gateway_id is None:
        return None
    return GatewaySettings(
        id=gateway_id,
        protocols=frozenset(protocols),
        api_services=frozenset(api_services),
        secrets=secrets,
        secret_header=header,
        asserts=frozenset(asserts),
        claims=claims,
        may_name_subjects=may_name_subjects,
    )


def read_anonymous_gateway(section: Section) -> AnonymousGatewaySettings:
    """`insecureAnonymousGateway:`"""
    why = "a caller without a secret is never believed"
    section.misplaced(("asserts", "mayNameSubjects", "secrets", "secretHeader"), why)
    gateway_id = section.optional("id", parse_id, "anonymous")
    protocols = section.texts("protocols", one_of(PROTOCOLS, LATER_PROTOCOLS))
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


def _read_secrets(section: Section) -> tuple[GatewaySecretSettings, ...]:
    found: dict[str, GatewaySecretSettings] = {}
    for item in section.sections("secrets", example='[{id: k1, value: "${env:KONG_SECRET}"}]'):
        secret_id = item.required("id", parse_id)
        value = item.secret("value")
        item.finish()
        if secret_id is None or value is None:
            continue
        if secret_id in found:
            message = f"two secrets of one gateway are called `{secret_id}`"
            item.error(Code.DUPLICATE_ID, message, item.span_at("id"))
        wrong = _weakness(value.reveal())
        if wrong is not None:
            item.error(Code.SETTING, f"the secret of {value.source} {wrong}", item.span_at("value"))
        found[secret_id] = GatewaySecretSettings(secret_id, value)
    return tuple(found.values())


def _weakness(secret: str) -> str | None:
    """Why a secret is not accepted; the secret itself is never shown."""
    if not secret.isascii() or not secret.isprintable() or secret != secret.strip():
        return "is not printable ASCII, or has spaces at its ends: it is sent as a header"
    if len(secret) < MIN_SECRET_BYTES:
        return f"has {len(secret)} bytes, fewer than {MIN_SECRET_BYTES}"
    if len(secret) > MAX_SECRET_BYTES:
        return f"has {len(secret)} bytes, more than {MAX_SECRET_BYTES}"
    return None
