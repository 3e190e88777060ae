"""Who is behind a call: the credential as presented, claims after verification, the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

import msgspec

__all__ = [
    "NOT_FETCHED",
    "Confirmation",
    "Credential",
    "NotFetched",
    "UserContext",
    "UserPart",
    "VerifiedClaims",
]


class Credential(msgspec.Struct, frozen=True, gc=False):
    """A secret as presented, not believed. `repr` hides it.

    `scheme` is lower-case (`bearer`, `dpop`); `secret` is what follows it in the header field.
    """

    scheme: str
    secret: str

    def __repr__(self) -> str:
        return f"Credential({self.scheme!r})"


class Confirmation(NamedTuple):
    """`cnf` of a token: who alone may present it (RFC 7800). Where both are there, both must hold.

    `key_thumbprint`: `jkt`, the RFC 7638 thumbprint of a DPoP key (RFC 9449 6.1);
    `certificate_thumbprint`: `x5t#S256` of the client's certificate (RFC 8705 3.1).
    """

    key_thumbprint: str | None = None
    certificate_thumbprint: str | None = None


class VerifiedClaims(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """Claims after verification. Only `tokens/` makes one (an architecture test looks).

    `claims` are the token's members as JSON values, read-only by convention. `scopes` is the
    scope set of the provider's `scopeClaim`. `permissions` is None unless the provider takes
    permissions from a claim. `user_id` is the directory key, None for a client token.
    `expires_at` is epoch seconds, None where nothing bounds it (asserted claims without `exp`).
    `confirmation` is None for a token that whoever holds it may present.
    """

    provider: str
    claims: Mapping[str, object]
    scopes: frozenset[str]
    user_id: str | None
    client_id: str | None
    asserted: bool
    permissions: frozenset[str] | None = None
    expires_at: float | None = None
    key_id: str | None = None
    confirmation: Confirmation | None = None

    def __repr__(self) -> str:
        # Claims hold what no log may.
        return f"VerifiedClaims({self.provider!r}, user_id={self.user_id!r})"


class UserPart(Enum):
    """The separately fetched parts of a user context."""

    GROUPS = "groups"
    ROLES = "roles"
    ATTRIBUTES = "attributes"


class NotFetched(Enum):
    """The type of the one marker `NOT_FETCHED`."""

    MARKER = "not fetched"


NOT_FETCHED = NotFetched.MARKER


@dataclass(frozen=True, slots=True, kw_only=True)
class UserContext:
    """An internal provider's user as the directory knows it (`userContext` of the seeds).

    Each part is its value, `NOT_FETCHED`, or the exception that says why it could not be
    fetched: a failed part is an error when read and never an empty list.
    """

    id: str
    groups: frozenset[str] | NotFetched | Exception = NOT_FETCHED
    roles: frozenset[str] | NotFetched | Exception = NOT_FETCHED
    attributes: Mapping[str, object] | NotFetched | Exception = field(
        default=NOT_FETCHED, repr=False
    )
