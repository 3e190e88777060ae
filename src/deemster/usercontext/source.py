"""The seam between the resolver and a directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["UserSource"]


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
