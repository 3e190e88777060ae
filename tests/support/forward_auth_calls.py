"""What the four forward-auth gateways send, and adapters that take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deemster.gateways.client_address import ClientAddress
from deemster.gateways.forward_auth import ForwardAuth
from deemster.gateways.forward_auth_profiles import PROFILES
from deemster.gateways.identity_headers import IdentityHeaders, IdentityValue

__all__ = ["COPIED", "PROFILE_FIELDS", "fields_of", "forward_auth_adapter"]

Fields = Sequence[tuple[bytes, bytes]]

COPIED = "x-tenant"

_BY_FORWARDED = {
    b"x-forwarded-method": b"GET",
    b"x-forwarded-uri": b"/billing/invoices?page=2",
    b"x-forwarded-proto": b"https",
    b"x-forwarded-host": b"api.example.com",
    b"x-forwarded-for": b"203.0.113.7",
}
_BY_ORIGINAL = {
    b"x-original-method": b"GET",
    b"x-original-uri": b"/billing/invoices?page=2",
    b"x-forwarded-proto": b"https",
    b"x-forwarded-host": b"api.example.com",
    b"x-forwarded-for": b"203.0.113.7",
}
PROFILE_FIELDS: Mapping[str, Mapping[bytes, bytes]] = {
    "nginx": _BY_ORIGINAL,
    "traefik": _BY_FORWARDED,
    "caddy": _BY_FORWARDED,
    "haproxy": _BY_ORIGINAL,
}
"""What each gateway says of `GET https://api.example.com/billing/invoices?page=2`."""


def fields_of(profile: str, *more: tuple[bytes, bytes], **said: bytes | None) -> Fields:
    """The gateway's fields and alice's token.

    `said` replaces by what the field is about (`uri`, `method`, `scheme`, `host`, `connection`);
    None leaves the field out. `more` comes after.
    """
    fields = dict(PROFILE_FIELDS[profile])
    for about, value in said.items():
        name: bytes = getattr(PROFILES[profile], about)
        if value is None:
            del fields[name]
        else:
            fields[name] = value
    return [*fields.items(), (b"authorization", b"Bearer alice"), *more]


def forward_auth_adapter(profile: str) -> ForwardAuth:
    """With the identity headers of the examples, `COPIED`, and the client's address."""
    return ForwardAuth(
        PROFILES[profile],
        identity=IdentityHeaders(
            {
                "X-Auth-User": IdentityValue.SUBJECT,
                "X-Auth-Client": IdentityValue.CLIENT_ID,
                "X-Auth-Scope": IdentityValue.SCOPE,
            }
        ),
        copies=(COPIED,),
        client_address=ClientAddress("X-Forwarded-For", 0),
        secret_headers=("CLIENT-TOKEN",),
    )
