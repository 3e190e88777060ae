"""Keys made once per session, and tokens of every kind minted with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jwt import PyJWK
from jwt.algorithms import get_default_algorithms

from deemster.tokens.base64url import encode_base64url
from deemster.tokens.jose import SigningKey
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.keysets import StaticKeySet, parse_key_set
from deemster.tokens.provider import ProviderKind
from tests.support.clock import FROZEN_AT

__all__ = [
    "AUDIENCE",
    "ISSUER",
    "a_provider",
    "claims_of",
    "key_document",
    "key_set_of",
    "minted",
    "raw_token",
    "signature_of",
    "signing_key",
]

ISSUER = "https://auth.example.com/bizpro/as"
AUDIENCE = "BizPro Invoices API"


def signing_key(algorithm: str = "ES256", name: str = "one") -> SigningKey:
    """The same key for the same arguments, throughout the session."""
    return _made(algorithm, name)


@cache
def _made(algorithm: str, name: str) -> SigningKey:
    generated = SigningKey.generate(algorithm)
    return SigningKey({**generated.private_jwk, "kid": f"{algorithm}-{name}"})


def key_document(*keys: SigningKey | Mapping[str, object]) -> bytes:
    """A JWK set of public keys; a mapping goes in as it is."""
    members = [key.public_jwk if isinstance(key, SigningKey) else key for key in keys]
    return json.dumps({"keys": members}).encode()


def key_set_of(*keys: SigningKey | Mapping[str, object]) -> StaticKeySet:
    """The same, parsed."""
    return StaticKeySet(parse_key_set(key_document(*keys)))


def claims_of(subject: str | None = "alice", **changes: object) -> dict[str, object]:
    """A good access token's claims at FROZEN_AT; a changed claim of `...` is left out."""
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "client_id": "webshop",
        "scope": "invoices.read invoices.pay",
        "iat": int(FROZEN_AT) - 60,
        "exp": int(FROZEN_AT) + 3600,
        "jti": "4711",
    }
    if subject is not None:
        claims["sub"] = subject
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


def minted(
    subject: str | None = "alice",
    *,
    key: SigningKey | None = None,
    typ: str | None = "at+jwt",
    **changes: object,
) -> str:
    """A well-made token; whether it is a good one is up to `changes`."""
    payload = json.dumps(claims_of(subject, **changes)).encode()
    return (key or signing_key()).sign(payload, typ=typ)


def signature_of(signing_input: bytes, key: SigningKey, algorithm: str | None = None) -> bytes:
    """A true signature over any octets."""
    name = algorithm or key.algorithm
    private: Any = PyJWK(key.private_jwk, algorithm=name).key
    signature: bytes = get_default_algorithms()[name].sign(signing_input, private)
    return signature


def raw_token(
    header: Mapping[str, object] | bytes | None = None,
    payload: Mapping[str, object] | bytes | None = None,
    *,
    key: SigningKey | None = None,
) -> str:
    """A truly signed token of any header and payload octets, however odd.

    A mapping as header is added to the usual one; `...` takes a member out.
    """
    key = key or signing_key()
    usual = {"alg": key.algorithm, "kid": key.key_id, "typ": "at+jwt"}
    if not isinstance(header, bytes):
        members = {**usual, **(header or {})}
        header = _json({name: value for name, value in members.items() if value is not ...})
    octets = payload if isinstance(payload, bytes) else _json(payload or claims_of())
    signing_input = f"{encode_base64url(header)}.{encode_base64url(octets)}"
    signature = signature_of(signing_input.encode(), key)
    return f"{signing_input}.{encode_base64url(signature)}"


def a_provider(*keys: SigningKey, **settings: object) -> JwtProvider:
    """An internal provider that knows `keys` (by default the ES256 key)."""
    defaults: dict[str, Any] = {
        "id": "bizpro",
        "kind": ProviderKind.INTERNAL,
        "issuer": ISSUER,
        "key_set": key_set_of(*(keys or (signing_key(),))),
        "algorithms": ("RS256", "ES256"),
    }
    return JwtProvider(**{**defaults, **settings})


def _json(members: Mapping[str, object]) -> bytes:
    return json.dumps(members).encode()
