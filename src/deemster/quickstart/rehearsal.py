"""The calls that the quickstart makes, as gateways would: both services, every kind of answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deemster.quickstart.workplace import ISSUER
from deemster.tokens.development_key import DevelopmentKey

__all__ = ["PERMITTED", "REHEARSAL", "Part", "sideband_body"]

PERMITTED = 200
"""Stands for a permit: sideband tells no status then, the upstream will."""

_INVOICES = "https://api.example.com/billing/invoices"
_ORDERS = "https://partners.example.com/orders/v2"
_OFFICE, _OUTSIDE = "192.0.2.10", "203.0.113.9"
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Part:
    """One call. `token` are claims to mint over the defaults, None for no credential.

    `status` is what the client is to be told, or PERMITTED. `claims` are asserted by the gateway.
    Times in `token` are seconds from now.
    """

    what: str
    method: str
    url: str
    status: int
    token: Mapping[str, object] | None = None
    claims: Mapping[str, object] | None = None
    gateway: str = "kong"
    source_ip: str = _OFFICE


def _pay(**claims: object) -> dict[str, object]:
    fresh = {"acr": "mfa", "auth_time": -60}
    return {"sub": "alice", "scope": "invoices.read invoices.pay", **fresh, **claims}


_ACME = {"sub": "p-17", "client_id": "partner-acme", "partner_id": "acme", "scope": "orders.read"}

REHEARSAL: tuple[Part, ...] = (
    Part(
        "alice lists invoices",
        "GET",
        _INVOICES,
        PERMITTED,
        {"sub": "alice", "scope": "invoices.read"},
    ),
    Part(
        "alice of finance reads one",
        "GET",
        f"{_INVOICES}/12",
        PERMITTED,
        {"sub": "alice", "scope": "invoices.read"},
    ),
    Part("alice pays after a fresh MFA", "POST", f"{_INVOICES}/12/payments", PERMITTED, _pay()),
    Part(
        "erin of level 6 voids one",
        "POST",
        f"{_INVOICES}/12/void",
        PERMITTED,
        {"sub": "erin", "scope": "invoices.admin"},
    ),
    Part("anybody asks for health", "GET", "https://api.example.com/billing/health", PERMITTED),
    Part("no token", "GET", _INVOICES, 401),
    Part(
        "an expired token",
        "GET",
        _INVOICES,
        401,
        {"sub": "alice", "scope": "invoices.read", "iat": -2 * _HOUR, "exp": -_HOUR},
    ),
    Part(
        "alice pays by password alone",
        "POST",
        f"{_INVOICES}/12/payments",
        401,
        _pay(acr="pwd"),
    ),
    Part(
        "alice pays, MFA an hour old",
        "POST",
        f"{_INVOICES}/12/payments",
        401,
        _pay(auth_time=-_HOUR),
    ),
    Part(
        "alice pays from outside",
        "POST",
        f"{_INVOICES}/12/payments",
        403,
        _pay(),
        source_ip=_OUTSIDE,
    ),
    Part("a token without the scope", "GET", _INVOICES, 403, {"sub": "bob", "scope": "profile"}),
    Part(
        "bob is not in finance",
        "GET",
        f"{_INVOICES}/12",
        403,
        {"sub": "bob", "scope": "invoices.read"},
    ),
    Part("dave may not create", "POST", _INVOICES, 403, {"sub": "dave", "scope": "profile"}),
    Part("frank is disabled", "GET", _INVOICES, 403, {"sub": "frank", "scope": "invoices.read"}),
    Part("an encoded slash", "GET", f"{_INVOICES}%2f12", 400, {"sub": "alice", "scope": "x"}),
    Part("an API nobody knows", "GET", "https://api.example.com/payroll", 404),
    Part(
        "acme lists its own orders",
        "GET",
        f"{_ORDERS}/acme/orders",
        PERMITTED,
        claims=_ACME,
        gateway="apigee",
    ),
    Part(
        "acme lists another's orders",
        "GET",
        f"{_ORDERS}/globex/orders",
        403,
        claims=_ACME,
        gateway="apigee",
    ),
    Part(
        "acme exports in the bronze tier",
        "GET",
        f"{_ORDERS}/acme/orders/export",
        403,
        claims=_ACME,
        gateway="apigee",
    ),
    Part(
        "claims forged through Kong",
        "GET",
        f"{_ORDERS}/acme/orders",
        403,
        claims={**_ACME, "partner_tier": "gold"},
    ),
)


def sideband_body(part: Part, key: DevelopmentKey, now: int) -> dict[str, object]:
    """What the gateway's kit would post for a part, a minted token put in."""
    headers = [{"host": part.url.split("/")[2]}, {"accept": "*/*"}]
    if part.token is not None:
        headers.append({"authorization": f"Bearer {_token(part.token, key, now)}"})
    body: dict[str, object] = {
        "source_ip": part.source_ip,
        "source_port": "34060",
        "method": part.method,
        "url": part.url,
        "http_version": "1.1",
        "headers": headers,
        "body": "",
    }
    if part.claims is not None:
        body["access_token"] = dict(part.claims)
    return body


def _token(claims: Mapping[str, object], key: DevelopmentKey, now: int) -> str:
    minted: dict[str, object] = {
        "iss": ISSUER,
        "aud": "BizPro Invoices API",
        "client_id": "quickstart",
        "iat": 0,
        "exp": _HOUR,
        **claims,
    }
    for name in ("iat", "exp", "auth_time"):
        value = minted.get(name)
        if isinstance(value, int):
            minted[name] = now + value
    return key.mint(minted)
