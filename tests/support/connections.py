"""A connection of a server that tests write themselves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

__all__ = ["until_it_ends"]


async def until_it_ends(
    open_ones: set[asyncio.Task[None]],
    writer: asyncio.StreamWriter,
    answer: Callable[[], Awaitable[bool]],
) -> None:
    """Answer requests until `answer` says that was the last one, or something ends it."""
    task = asyncio.current_task()
    assert task is not None
    open_ones.add(task)
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        while await answer():
            pass
    open_ones.discard(task)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
