"""The calls that the quickstart makes, as gateways would: both services, every kind of answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deemster.quickstart.workplace import ISSUER
from deemster.tokens.development_key import DevelopmentKey

__all__ = ["REHEARSAL", "Part", "sideband_body"]

_INVOICES = "https://api.example.com/billing/invoices"
_ORDERS = "https://partners.example.com/orders/v2"
_OFFICE, _OUTSIDE = "192.0.2.10", "203.0.113.9"
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Part:
    """One call. `token` are claims to mint over the defaults, None for no credential.

    `status` is what the client is told: 200 stands for a permit. Times in `token` are seconds
    from now.
    """

    what: str
    method: str
    url: str
    status: int
    token: Mapping[str, object] | None = None
    claims: Mapping[str, object] | None = None
    gateway: str = "kong"
    source_ip: str = _OFFICE
    headers: tuple[tuple[str, str], ...] = field(default=())


def _pay(**claims: object) -> dict[str, object]:
    fresh = {"acr": "mfa", "auth_time": -60}
    return {"sub": "alice", "scope": "invoices.read invoices.pay", **fresh, **claims}


_ACME = {"sub": "p-17", "client_id": "partner-acme", "partner_id": "acme", "scope": "orders.read"}

REHEARSAL: tuple[Part, ...] = (
    Part("alice lists invoices", "GET", _INVOICES, 200, {"sub": "alice", "scope": "invoices.read"}),
    Part(
        "alice, of finance, reads one",
        "GET",
        f"{_INVOICES}/12",
        200,
        {"sub": "alice", "scope": "invoices.read"},
    ),
    Part("alice pays, fresh MFA, from the office", "POST", f"{_INVOICES}/12/payments", 200, _pay()),
    Part(
        "erin voids: level 6 in finance",
        "POST",
        f"{_INVOICES}/12/void",
        200,
        {"sub": "erin", "scope": "invoices.admin"},
    ),
    Part("anyone asks for health", "GET", "https://api.example.com/billing/health", 200),
    Part("no token", "GET", _INVOICES, 401),
    Part(
        "an expired token",
        "GET",
        _INVOICES,
        401,
        {"sub": "alice", "scope": "invoices.read", "iat": -2 * _HOUR, "exp": -_HOUR},
    ),
    Part(
        "alice pays with a password only",
        "POST",
        f"{_INVOICES}/12/payments",
        401,
        _pay(acr="pwd"),
    ),
    Part(
        "alice pays, MFA an hour ago",
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
    Part("a slash in disguise", "GET", f"{_INVOICES}%2f12", 400, {"sub": "alice", "scope": "x"}),
    Part("an API nobody knows", "GET", "https://api.example.com/payroll", 404),
    Part(
        "acme lists its orders (Apigee)",
        "GET",
        f"{_ORDERS}/acme/orders",
        200,
        claims=_ACME,
        gateway="apigee",
    ),
    Part(
        "acme asks for another's",
        "GET",
        f"{_ORDERS}/globex/orders",
        403,
        claims=_ACME,
        gateway="apigee",
    ),
    Part(
        "acme exports, bronze tier",
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
    headers += [{name: value} for name, value in part.headers]
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
