"""The seam between the resolver and a directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from deemster.model.identity import Credential, UserPart, VerifiedClaims

__all__ = ["OneAnswerSource", "Presented", "TokenUserSource", "UserSource"]


class UserSource(Protocol):
    """One kind of directory (`static`, `sql`, …).

    `subject` is hostile text everywhere. Every method raises DependencyUnavailableError where
    the directory cannot answer: that is never the same as an empty answer.
    """

    @property
    def id(self) -> str:
        """As `directories:` names it."""
        ...

    async def is_enabled(self, subject: str) -> bool | None:
        """True or False for a known user, None if the directory does not know the subject."""
        ...

    async def groups(self, subject: str) -> frozenset[str]:
        """Names of the groups that a known user is in."""
        ...

    async def roles(self, subject: str) -> frozenset[str]:
        """Role keys (`application/role`) or bare role names of a known user, as stored."""
        ...

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """Further attributes of a known user, as JSON values."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


@runtime_checkable
class OneAnswerSource(Protocol):
    """A UserSource of one user, whose answer to `is_enabled` tells the parts as well."""

    def told_along(self) -> Mapping[UserPart, frozenset[str] | Mapping[str, object]]:
        """Parts that came with the last answer, so that nobody asks for them again.

        One that could not be read is not among them: whoever reads it asks, and gets the error.
        """
        ...


@dataclass(frozen=True, slots=True)
class Presented:
    """The user's own access token, verified here: what it says, and the token itself."""

    claims: VerifiedClaims
    credential: Credential


class TokenUserSource(Protocol):
    """A directory that is asked in the name of the user, with the user's own token."""

    @property
    def id(self) -> str:
        """As `directories:` names it."""
        ...

    def presented_with(self, presented: Presented) -> UserSource:
        """The directory as this token's user may ask it.

        INVARIANT: it answers for the subject of that token and for nobody else, so that what is
        kept by subject is never another's. Raises DependencyUnavailableError for a token that
        must not be passed on.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
