"""A job that many may ask for: it runs once for all who asked before it began."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

__all__ = ["Coalesced"]


class Coalesced:
    """Signals may come faster than reloads are done: they must not queue up."""

    def __init__(self, job: Callable[[], Awaitable[None]]) -> None:
        self._job = job
        self._under_way = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        """Return once a run has ended that began after this call."""
        if self._next is None:
            self._next = asyncio.create_task(self._run())
        # One caller that is cancelled must not end what others wait for.
        await asyncio.shield(self._next)

    async def _run(self) -> None:
        async with self._under_way:
            # Who asks from here on may know of something that this run no longer sees.
            self._next = None
            await self._job()
