"""Names that are declared from the start.

Registered claims: RFC 7519 4.1, RFC 9068 2.2, OpenID Connect Core 2. And the members of `user`.
"""

from __future__ import annotations

from deemster.policy.expressions.types import LIST_OF_STRING, STRING, TIMESTAMP, Type

__all__ = ["REGISTERED_CLAIMS", "USER_BUILT_INS"]

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

USER_BUILT_INS: dict[str, Type] = {
    "id": STRING,
    "groups": LIST_OF_STRING,
    "roles": LIST_OF_STRING,
    "permissions": LIST_OF_STRING,
}
"""Members of `user` that need no declaration; the lists are in error when their source fails."""
