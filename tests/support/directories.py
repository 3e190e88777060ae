"""A directory that does as it is told: answers, hangs, fails, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

__all__ = ["TellingDirectory"]


class TellingDirectory:
    """A UserSource by subject; subjects in `failing` or parts in `failing` raise."""

    def __init__(self, enabled: Mapping[str, object], id: str = "people") -> None:
        self.id = id
        self.enabled = dict(enabled)
        self.failing: dict[str, Exception] = {}
        self.asked: list[tuple[str, str]] = []
        self.closed = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def is_enabled(self, subject: str) -> bool | None:
        await self._ask("enabled", subject)
        # A faulty directory may say anything.
        return cast("bool | None", self.enabled.get(subject))

    async def groups(self, subject: str) -> frozenset[str]:
        await self._ask("groups", subject)
        return frozenset({f"group of {subject}"})

    async def roles(self, subject: str) -> frozenset[str]:
        await self._ask("roles", subject)
        return frozenset({f"role of {subject}"})

    async def attributes(self, subject: str) -> Mapping[str, object]:
        await self._ask("attributes", subject)
        return {"owner": subject}

    async def close(self) -> None:
        self.closed += 1

    def count(self, part: str) -> int:
        return sum(asked == part for asked, _ in self.asked)

    async def _ask(self, part: str, subject: str) -> None:
        self.asked.append((part, subject))
        await self.gate.wait()
        for name in (part, subject):
            if name in self.failing:
                raise self.failing[name]
