"""A directory that is an issuer's UserInfo endpoint (OpenID Connect Core 5.3)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TypeVar

from deemster.errors import DependencyUnavailableError
from deemster.model.identity import UserPart
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpAnswer
from deemster.outgoing.json_answers import json_document
from deemster.usercontext.asked_directory import AskedDirectory
from deemster.usercontext.mapping import MisfitError, UserMapping, attributes_in, names_in
from deemster.usercontext.source import Presented

__all__ = ["UserinfoSource"]

T = TypeVar("T")

_REFUSALS = (401, 403)


class UserinfoSource:
    """`directories[]` of kind userinfo: each user is asked about with the user's own token."""

    def __init__(self, endpoint: AskedDirectory, mapping: UserMapping) -> None:
        self.id = endpoint.id
        self._endpoint = endpoint
        self._mapping = mapping

    def presented_with(self, presented: Presented) -> OwnUserinfo:
        """See TokenUserSource. A token that is bound to its sender is worth nothing from us."""
        if presented.credential.scheme != "bearer" or presented.claims.confirmation is not None:
            raise DependencyUnavailableError(
                self.id, detail="a token that is bound to its sender cannot be passed on"
            )
        return OwnUserinfo(self._endpoint, self._mapping, presented)

    async def close(self) -> None:
        """Release connections."""
        await self._endpoint.close()


class OwnUserinfo:
    """What one user's token may see: that user."""

    def __init__(
        self, endpoint: AskedDirectory, mapping: UserMapping, presented: Presented
    ) -> None:
        self.id = endpoint.id
        self._endpoint = endpoint
        self._mapping = mapping
        self._presented = presented
        self._told: Mapping[str, object] | None = None

    def told_along(self) -> Mapping[UserPart, frozenset[str] | Mapping[str, object]]:
        """See OneAnswerSource."""
        told, mapping = self._told, self._mapping
        if told is None:
            return {}
        found: dict[UserPart, frozenset[str] | Mapping[str, object]] = {}
        with contextlib.suppress(MisfitError):
            found[UserPart.GROUPS] = names_in(told, mapping.groups, "groups")
        with contextlib.suppress(MisfitError):
            found[UserPart.ROLES] = names_in(told, mapping.roles, "roles")
        with contextlib.suppress(MisfitError):
            found[UserPart.ATTRIBUTES] = attributes_in(told, mapping.attributes)
        return found

    async def is_enabled(self, subject: str) -> bool | None:
        """See UserSource: whomever the issuer answers about is known and enabled."""
        return await self._read(subject, lambda _: True)

    async def groups(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        path = self._mapping.groups
        return await self._read(subject, lambda members: names_in(members, path, "groups"))

    async def roles(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        path = self._mapping.roles
        return await self._read(subject, lambda members: names_in(members, path, "roles"))

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """See UserSource."""
        paths = self._mapping.attributes
        return await self._read(subject, lambda members: attributes_in(members, paths))

    async def close(self) -> None:
        """The endpoint is everybody's, and stays open."""

    async def _read(self, subject: str, read: Callable[[Mapping[str, object]], T]) -> T:
        async def asked() -> T:
            return read(await self._members(subject))

        return await self._endpoint.bounded(asked)

    async def _members(self, subject: str) -> Mapping[str, object]:
        sub = self._presented.claims.claims.get("sub")
        # INVARIANT: what is kept under a subject was told of that very subject.
        if sub != subject:
            raise MisfitError("the directory's key is not the token's `sub`")
        token = self._presented.credential.secret
        answer = await self._endpoint.get("", authorization=f"Bearer {token}")
        document = _document(answer)
        # OpenID Connect Core 5.3.2: "The sub Claim in the UserInfo Response MUST be verified to
        # exactly match the sub Claim in the ID Token; if they do not match, the UserInfo Response
        # values MUST NOT be used."
        if not isinstance(document, dict) or document.get("sub") != sub:
            raise MisfitError("the answer is not about the token's `sub`")
        self._told = document
        return document


def _document(answer: HttpAnswer) -> object:
    if answer.status in _REFUSALS:
        # RFC 6750 3.1: this token is over, or may not see it. The endpoint itself is well.
        raise CallFailedError(f"refused the token: status {answer.status}", is_outage=False)
    if answer.media_type == "application/jwt":
        raise CallFailedError(
            "answered a signed or encrypted `application/jwt`, which is not taken", is_outage=False
        )
    return json_document(answer)
