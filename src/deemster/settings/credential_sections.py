"""Reads what proves a gateway: `secrets`, `secretHeader`, `certificates`, `accessTokens`."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from deemster.policy.codes import Code
from deemster.settings.model import (
    GatewayCertificateSettings,
    GatewaySecretSettings,
    GatewayTokenSettings,
)
from deemster.settings.scalars import parse_header_name, parse_id, parse_name
from deemster.settings.section import Section

__all__ = ["SECRET_COMMAND", "Credentials", "how_to_make", "read_credentials"]

T = TypeVar("T", GatewaySecretSettings, GatewayCertificateSettings, GatewayTokenSettings)

MIN_SECRET_BYTES = 32
MAX_SECRET_BYTES = 8192
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_DNS_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
# RFC 3986 3: a scheme, a colon, and something visible behind it.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[!-~]+")


_EXAMPLES = {
    "secrets": '[{id: k1, value: "${env:KONG_SECRET}"}]',
    "certificates": "[{id: c1, san: kong.example.com}]",
    "accessTokens": "[{id: t1, provider: staff, clientId: pep, audience: deemster}]",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves one gateway."""

    secrets: tuple[GatewaySecretSettings, ...]
    secret_header: str
    certificates: tuple[GatewayCertificateSettings, ...]
    access_tokens: tuple[GatewayTokenSettings, ...]


def read_credentials(section: Section) -> Credentials:
    """From one entry of `gateways:`, which has at least one credential."""
    alone = not section.written(("certificates", "accessTokens"))
    ids: set[str] = set()
    secrets = _read_each(section, "secrets", _read_secret, ids, needed=alone)
    if not section.has("secrets"):
        section.misplaced(("secretHeader",), "there are no `secrets`")
    header = section.optional("secretHeader", parse_header_name, "client-token")
    certificates = _read_each(section, "certificates", _read_certificate, ids)
    tokens = _read_each(section, "accessTokens", _read_token, ids)
    return Credentials(secrets, header, certificates, tokens)


def _read_each(
    section: Section,
    key: str,
    read: Callable[[Section], T | None],
    ids: set[str],
    *,
    needed: bool = False,
) -> tuple[T, ...]:
    found = []
    example = _EXAMPLES[key] if needed or section.has(key) else None
    for item in section.sections(key, example=example):
        credential = read(item)
        item.finish()
        if credential is None:
            continue
        if credential.id in ids:
            # The record names a credential by its id alone.
            message = f"two credentials of one gateway are called `{credential.id}`"
            item.error(Code.DUPLICATE_ID, message, item.span_at("id"))
        ids.add(credential.id)
        found.append(credential)
    return tuple(found)


def _read_secret(item: Section) -> GatewaySecretSettings | None:
    secret_id = item.required("id", parse_id)
    value = item.secret("value", mend=how_to_make)
    if secret_id is None or value is None:
        return None
    wrong = _weakness(value.reveal())
    if wrong is not None:
        item.error(
            Code.SETTING,
            f"the secret of {value.source} {wrong}",
            item.span_at("value"),
            help=f"make one: {SECRET_COMMAND}",
        )
    return GatewaySecretSettings(secret_id, value)


SECRET_COMMAND = "openssl rand -base64 36"  # noqa: S105  (makes one)
"""Prints 48 characters, drawn at random."""


def how_to_make(reference: str) -> str:
    """The command that makes a gateway's secret where `${env:NAME}` or `${file:PATH}` finds it."""
    kind, _, name = reference[2:-1].partition(":")
    if kind == "env":
        return f'make one: export {name}="$({SECRET_COMMAND})"'
    return f"make one: (umask 077; {SECRET_COMMAND} > {shlex.quote(name)})"


def _weakness(secret: str) -> str | None:
    """Why a secret is not accepted; the secret itself is never shown."""
    if not secret.isascii() or not secret.isprintable() or secret != secret.strip():
        return "is not printable ASCII, or has spaces at its ends: it is sent as a header"
    if len(secret) < MIN_SECRET_BYTES:
        return f"has {len(secret)} bytes, fewer than {MIN_SECRET_BYTES}"
    if len(secret) > MAX_SECRET_BYTES:
        return f"has {len(secret)} bytes, more than {MAX_SECRET_BYTES}"
    return None


def _read_certificate(item: Section) -> GatewayCertificateSettings | None:
    certificate_id = item.required("id", parse_id)
    written = item.written(("san", "spki"))
    san = spki = None
    if "san" in written:
        san = item.required("san", _parse_san, shown=lambda name: name[1])
    if "spki" in written:
        spki = item.required("spki", _parse_spki, shown=_shown_spki)
    item.take("san", "spki")
    if len(written) != 1:
        item.error(
            Code.SETTING,
            "a certificate is named by one of `san` and `spki`",
            item.span,
            help="that one CA issued it names nobody: write `san: kong.example.com`, or `spki: ` "
            "and the base64 of the SHA-256 of its public key",
        )
        return None
    if certificate_id is None or (san is None and spki is None):
        return None
    return GatewayCertificateSettings(certificate_id, san, spki)


def _parse_san(text: str) -> tuple[str, str]:
    """(`ip` | `uri` | `dns`, value): only a name of the same type in a certificate can be it."""
    try:
        return "ip", str(ipaddress.ip_address(text))
    except ValueError:
        pass
    if _URI.fullmatch(text):
        return "uri", text
    name = text.lower()
    if len(name) <= 253 and _DNS_NAME.fullmatch(name):
        return "dns", name
    raise ValueError(
        "expected a DNS name without wildcards, a URI such as `spiffe://…`, or an IP address"
    )


def _parse_spki(text: str) -> bytes:
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 32 or _shown_spki(digest) != text:
        raise ValueError("expected the base64 of a SHA-256, 44 characters")
    return digest


def _shown_spki(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")


def _read_token(item: Section) -> GatewayTokenSettings | None:
    token_id = item.required("id", parse_id)
    provider = item.required("provider", parse_id)
    audience = item.required("audience", parse_name)
    client_id = item.optional("clientId", parse_name, None)
    subject = item.optional("subject", parse_name, None)
    scope = item.optional("scope", _parse_scope, None)
    if not item.written(("clientId", "subject")):
        item.error(
            Code.MISSING_KEY,
            "an access token proves nobody without `clientId` or `subject`",
            item.span,
            help="everybody whom the provider gives a token would be this gateway",
        )
        return None
    if token_id is None or provider is None or audience is None:
        return None
    if client_id is None and subject is None:
        return None
    return GatewayTokenSettings(
        id=token_id,
        provider=provider,
        audience=audience,
        client_id=client_id,
        subject=subject,
        scope=scope,
    )


def _parse_scope(text: str) -> str:
    # RFC 6749 3.3: one scope is NQCHAR, without blanks.
    if not re.fullmatch(r"[!#-\[\]-~]+", text):
        raise ValueError("expected one scope")
    return text
