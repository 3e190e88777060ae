"""DPoP proofs of every kind, made with keys that live as long as the session."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.tokens.dpop import access_token_hash
from deemster.tokens.jose import SigningKey, thumbprint_of
from tests.support.clock import FROZEN_AT
from tests.support.keys import raw_token, signing_key

__all__ = [
    "METHOD",
    "RFC_8705_CERTIFICATE",
    "RFC_8705_THUMBPRINT",
    "URL",
    "a_proof",
    "proof_claims",
    "thumbprint",
]

RFC_8705_CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""
"""Appendix A: a client's certificate, and what a token that is bound to it says."""
RFC_8705_THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"

METHOD = "GET"
URL = "https://api.example.com/orders"


def thumbprint(key: SigningKey | None = None) -> str:
    """`cnf.jkt` of a token for the holder of `key`."""
    return thumbprint_of((key or signing_key(name="holder")).public_jwk)


def proof_claims(token: str, **changes: object) -> dict[str, object]:
    """Of a good proof; a changed claim of `...` is left out."""
    claims: dict[str, object] = {
        "jti": "proof-1",
        "htm": METHOD,
        "htu": URL,
        "iat": int(FROZEN_AT),
        "ath": access_token_hash(token),
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


def a_proof(
    token: str,
    *,
    key: SigningKey | None = None,
    header: Mapping[str, object] | None = None,
    payload: bytes | None = None,
    **changes: object,
) -> str:
    """A truly signed proof; whether it is a good one is up to what is changed."""
    key = key or signing_key(name="holder")
    public = {
        name: value
        for name, value in key.public_jwk.items()
        if name in ("kty", "crv", "x", "y", "n", "e")
    }
    usual: dict[str, object] = {"typ": "dpop+jwt", "jwk": public, "kid": ...}
    members = payload if payload is not None else proof_claims(token, **changes)
    return raw_token({**usual, **(header or {})}, members, key=key)
