"""Claims that every scope knows: registered names of RFC 7519 4.1, RFC 9068 2.2 and OIDC Core 2."""

from __future__ import annotations

from deemster.policy.expressions.types import LIST_OF_STRING, STRING, TIMESTAMP, Type

__all__ = ["REGISTERED_CLAIMS"]

REGISTERED_CLAIMS: dict[str, Type] = {
    "iss": STRING,
    "sub": STRING,
    "jti": STRING,
    "client_id": STRING,
    "azp": STRING,
    "acr": STRING,
    "aud": LIST_OF_STRING,
    "amr": LIST_OF_STRING,
    "exp": TIMESTAMP,
    "iat": TIMESTAMP,
    "nbf": TIMESTAMP,
    "auth_time": TIMESTAMP,
    "scope": LIST_OF_STRING,
}
"""Scalars are optional, lists have the default `[]` (policy-language section 5)."""
