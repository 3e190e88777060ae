"""What Envoy sends over HTTP, an adapter that takes it, and what of an answer would harm."""

from __future__ import annotations

import json

from deemster.gateways.ext_authz_http import PREFIX, ExtAuthzHttp
from deemster.gateways.identity_headers import IdentityHeaders, IdentityValue

__all__ = ["ASKED", "CHECK_FIELDS", "an_http_adapter", "broken_rules"]

ASKED = f"{PREFIX}/billing/invoices"
CHECK_FIELDS = (
    (b"content-length", b"0"),
    (b"x-forwarded-proto", b"https"),
    (b"authorization", b"Bearer alice"),
    (b"x-request-id", b"07a546d7-1eea-45ec-8ca9-15659c863880"),
    (b"x-envoy-expected-rq-timeout-ms", b"1500"),
)
"""Beside Host and the secret."""


def an_http_adapter() -> ExtAuthzHttp:
    """With the identity headers of the example, and one more that Envoy copies."""
    return ExtAuthzHttp(
        identity=IdentityHeaders(
            {
                "X-Auth-User": IdentityValue.SUBJECT,
                "X-Auth-Client": IdentityValue.CLIENT_ID,
                "X-Auth-Scope": IdentityValue.SCOPE,
            }
        ),
        copies=["X-Tenant"],
        secret_headers=["CLIENT-TOKEN"],
    )


def broken_rules(status: int, fields: list[tuple[str, str]], body: bytes) -> list[str]:
    """Every rule that an answer breaks (facts/gateways.md 1, 2 and 5)."""
    told = dict(fields)
    broken = [f"{name} is not visible ASCII" for name, value in fields if not _is_visible(value)]
    if status == 200:
        missing = {"x-auth-user", "x-auth-client", "x-auth-scope", "x-tenant"} - set(told)
        broken += [f"{name} is missing: the client's own would stay" for name in sorted(missing)]
        broken += ["a permit has a body"] if body else []
        return broken
    if not 400 <= status < 500:
        broken.append(f"{status} is no deny to an Envoy that fails open")
    broken += [f"{name} of a permit" for name in told if name.startswith("x-auth-")]
    broken += [] if told.get("content-type") == "application/json" else ["no JSON"]
    if body:  # none to HEAD
        broken += [] if {"code", "message", "id"} <= set(json.loads(body)) else ["not our object"]
    return broken


def _is_visible(value: str) -> bool:
    return value.isascii() and (not value or value.isprintable())
