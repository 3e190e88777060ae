"""A directory that a plug-in asks; what it answers is looked at before anybody believes it."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from deemster.errors import DependencyUnavailableError
from deemster.model.json_copies import NoJsonError, json_object_copy

__all__ = ["PluginUserSource", "UserReader"]

T = TypeVar("T")


class UserReader(Protocol):
    """What a plug-in brings. `subject` is hostile text everywhere.

    Every method raises DependencyUnavailableError where the directory cannot answer: that is
    never the same as an empty answer. Any other exception is a fault, and denies.
    """

    async def is_enabled(self, subject: str) -> bool | None:
        """True or False for a known user, None if the directory does not know the subject."""
        ...

    async def groups(self, subject: str) -> frozenset[str]:
        """Names of the groups that a known user is in."""
        ...

    async def roles(self, subject: str) -> frozenset[str]:
        """Role keys (`application/role`) or bare role names of a known user."""
        ...

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """Further attributes of a known user, as JSON values."""
        ...

    async def close(self) -> None:
        """Release what is open."""
        ...


class PluginUserSource:
    """`directories[]` of kind plugin."""

    def __init__(self, id: str, reader: UserReader) -> None:
        self.id = id
        self._reader = reader

    async def is_enabled(self, subject: str) -> bool | None:
        """See UserSource."""
        found = await self._answered(lambda: self._reader.is_enabled(subject))
        # INVARIANT: only a bool or None is an answer; 1 and "false" are faults of the plug-in.
        if found is not None and not isinstance(found, bool):
            raise self._unavailable("neither enabled nor disabled")
        return found

    async def groups(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        return self._names(await self._answered(lambda: self._reader.groups(subject)), "groups")

    async def roles(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        return self._names(await self._answered(lambda: self._reader.roles(subject)), "roles")

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """See UserSource."""
        found = await self._answered(lambda: self._reader.attributes(subject))
        if not isinstance(found, Mapping):
            raise self._unavailable("attributes of the wrong type")
        try:
            return json_object_copy(found)
        except NoJsonError as error:
            raise self._unavailable(f"attributes that are no JSON: {error}") from None

    async def close(self) -> None:
        """Whatever the plug-in does at its end, others go on."""
        with contextlib.suppress(Exception, SystemExit):
            await self._reader.close()

    async def _answered(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            return await ask()
        except DependencyUnavailableError as error:
            raise self._unavailable(str(error.detail)) from None
        except (Exception, SystemExit) as fault:  # noqa: BLE001 - a plug-in's fault is no answer
            raise self._unavailable(type(fault).__name__) from None

    def _names(self, found: object, part: str) -> frozenset[str]:
        # INVARIANT: a set; a text would be a sequence of texts.
        if not isinstance(found, frozenset | set) or not all(
            isinstance(name, str) for name in found
        ):
            raise self._unavailable(f"{part} of the wrong type")
        return frozenset(str(name) for name in found)

    def _unavailable(self, detail: str) -> DependencyUnavailableError:
        return DependencyUnavailableError(self.id, detail=detail)
