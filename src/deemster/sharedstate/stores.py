"""The seams between whoever must remember something and where it is remembered."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

__all__ = ["KeptAnswers", "ReplayMemory"]


class ReplayMemory(Protocol):
    """Remembers what may be used once (RFC 9449 11.1), until it could not be used anyway."""

    def first_use(self, key: str, until: float) -> bool | Awaitable[bool]:
        """Whether `key` was not used before; from now on, and until `until`, it was.

        `until` is in epoch seconds. An entry that lives is never dropped for a new one: a memory
        that is full, or cannot be asked, raises DependencyUnavailableError.
        """
        ...


class KeptAnswers(Protocol):
    """A cache that replicas share. Losing it costs time, never an answer: nothing here raises."""

    async def get(self, key: str) -> bytes | None:
        """What was kept under `key`; None where nothing is, or nobody can tell."""
        ...

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        """Keep `value` for at most `seconds`, if that is possible."""
        ...
