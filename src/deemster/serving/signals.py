"""SIGTERM and SIGINT end the service, SIGHUP reloads it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine

from deemster.serving.coalesced import Coalesced

__all__ = ["listen_to_signals"]


def listen_to_signals(
    ended: asyncio.Event, reload: Callable[[], Coroutine[object, object, object]]
) -> None:
    """Set `ended` or begin a reload, in the running loop."""
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    async def job() -> None:
        await reload()

    once = Coalesced(job)

    def begin_to_reload() -> None:
        # The loop holds tasks weakly; somebody has to hold them until they are done.
        task = loop.create_task(once())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_signal_handler(signal.SIGHUP, begin_to_reload)
