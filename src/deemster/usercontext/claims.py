"""The user as the token itself tells of it: nothing is fetched and nothing kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from deemster.errors import DependencyUnavailableError
from deemster.model.identity import UserContext, VerifiedClaims
from deemster.usercontext.mapping import MisfitError, UserMapping, attributes_in, names_in

__all__ = ["ClaimsDirectory"]

T = TypeVar("T")


class ClaimsDirectory:
    """`directories[]` of kind claims.

    Whoever holds a token that was verified here is a known user and enabled: the issuer says so
    until the token ends. What it says of groups is of this token alone, so no other sees it.
    """

    def __init__(self, id: str, mapping: UserMapping) -> None:
        self.id = id
        self._mapping = mapping

    def user(self, subject: str, claims: VerifiedClaims | None) -> UserContext:
        """All parts at once; one that cannot be had is its exception.

        Raises DependencyUnavailableError where there is no token that we verified ourselves.
        """
        if claims is None or claims.asserted:
            why = "no token" if claims is None else "claims that a gateway asserts"
            raise DependencyUnavailableError(self.id, detail=why)
        members, mapping = claims.claims, self._mapping
        return UserContext(
            id=subject,
            groups=self._part(lambda: names_in(members, mapping.groups, "groups")),
            roles=self._part(lambda: names_in(members, mapping.roles, "roles")),
            attributes=self._part(lambda: self._attributes(members)),
        )

    def _attributes(self, members: Mapping[str, object]) -> Mapping[str, object]:
        return attributes_in(members, self._mapping.attributes)

    def _part(self, read: Callable[[], T]) -> T | DependencyUnavailableError:
        try:
            return read()
        except MisfitError as misfit:
            return DependencyUnavailableError(self.id, detail=str(misfit))
