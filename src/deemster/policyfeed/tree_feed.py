"""Policies from a folder beside the settings, re-read at a signal, or as soon as they change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from deemster.model.clock import Clock
from deemster.policy.reading.watching import (
    PAUSE,
    ChangeWatch,
    content_of,
    content_of_files,
)
from deemster.policyfeed.age import Confirmation, PolicyAge
from deemster.policyfeed.feed import Candidate, FeedFacts

__all__ = ["TreeFeed"]

_SHARE = 10
"""A look takes at most one tenth of the time: the content of every file is read."""


class TreeFeed:
    """A tree at a path; satisfies PolicyFeed."""

    beside_settings = True

    def __init__(
        self,
        path: Path,
        load: Callable[[], Candidate],
        *,
        watched: bool,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`load` reads the tree. Raises PolicyError and SelfTestFailedError."""
        self._path = path
        self._load = load
        self._clock = clock
        self._sleep = sleep
        self._watched = watched
        self._changes: ChangeWatch[str] | None = None

    @property
    def age(self) -> PolicyAge | None:
        """See PolicyFeed."""
        return None

    async def first(self) -> Candidate:
        """See PolicyFeed."""
        candidate = await asyncio.to_thread(self._load)
        if self._watched:
            seen = content_of_files(candidate.files)
            self._changes = ChangeWatch(lambda: content_of(self._path), seen)
        return candidate

    async def fresh(self) -> Candidate:
        """See PolicyFeed."""
        return await asyncio.to_thread(self._load)

    async def due(self) -> None:
        """See PolicyFeed."""
        if self._changes is None:
            await asyncio.Event().wait()
            return
        while True:
            began = self._clock.monotonic()
            pause = await asyncio.to_thread(self._changes.step)
            if pause is None:
                return
            took = self._clock.monotonic() - began
            await self._sleep(pause if pause < PAUSE else max(pause, _SHARE * took))

    def facts(self) -> FeedFacts:
        """See PolicyFeed."""
        return FeedFacts(source="tree")

    def confirmation(self) -> Confirmation | None:
        """See PolicyFeed."""
        return None

    async def close(self) -> None:
        """Nothing is held."""
