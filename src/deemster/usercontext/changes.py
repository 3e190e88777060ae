"""Hears of changed users from PostgreSQL (LISTEN), so that no cache outlives what it is about.

A payload is a subject, or empty where anybody may have been changed. While nobody listens changes
are missed: each time that listening begins again, everything that was kept is forgotten.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import asyncpg
from sqlalchemy import make_url

__all__ = ["OUR_CHANNEL", "ChangeListener"]

OUR_CHANNEL = "deemster_users"
"""Where the triggers of our own tables tell (migration 0002)."""

FIRST_DELAY = 0.2
MOST_DELAY = 30.0
CONNECT_SECONDS = 5.0
ALIVE_SECONDS = 10.0


class ChangeListener:
    """One connection that listens for as long as the service lives.

    `on_change(subject)`; None: anybody. `on_state(listening)` is told of each change of that.
    """

    def __init__(
        self,
        url: str,
        channel: str,
        *,
        on_change: Callable[[str | None], None],
        on_state: Callable[[bool], None] = lambda _: None,
    ) -> None:
        # The driver's own form of the URL; what SQLAlchemy adds to the scheme it does not know.
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._channel = channel
        self._on_change = on_change
        self._on_state = on_state
        self._task: asyncio.Task[None] | None = None
        self.listening = False

    def start(self) -> None:
        """Begin, in the running loop; connecting is waited for by nobody."""
        self._task = asyncio.create_task(self._listen_for_ever())

    async def close(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                await self._listen()
                delay = FIRST_DELAY
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                delay = min(2 * delay, MOST_DELAY)
            self._tell(listening=False)
            await asyncio.sleep(delay)

    async def _listen(self) -> None:
        """Until the connection ends."""
        ended = asyncio.Event()
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS)
        try:
            connection.add_termination_listener(lambda _: ended.set())
            await connection.add_listener(self._channel, self._hear)
            self._tell(listening=True)
            self._on_change(None)
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ALIVE_SECONDS):
                        await ended.wait()
                if not ended.is_set():
                    # A peer that is gone without a word is found out by asking.
                    await connection.fetchval("SELECT 1", timeout=CONNECT_SECONDS)
        finally:
            connection.terminate()

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._on_change(payload if isinstance(payload, str) and payload else None)

    def _tell(self, *, listening: bool) -> None:
        if listening is not self.listening:
            self.listening = listening
            self._on_state(listening)
