"""What processes and replicas know together, in Redis (Valkey speaks the same).

Keys: `PREFIX:use:KEY` (a proof that was used), `PREFIX:kept:KEY` (an answer), `PREFIX:revoked` (a
hash of revocations) and `PREFIX:revoked:version`. Every call has one deadline and no second try:
whoever waits here is a decision with a deadline of its own.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from deemster.errors import ConfigurationError, DependencyUnavailableError
from deemster.model.clock import Clock

__all__ = ["RedisStore"]

T = TypeVar("T")

CONNECTIONS = 64
MARGIN_SECONDS = 1.0
"""By how much an entry outlives what it is about: two clocks never agree to the millisecond."""
LONGEST_ANSWER = 64 * 1024


class RedisStore:
    """A ReplayMemory and KeptAnswers, and the place where revocations are.

    `on_change(working)` is told of each change between answering and not.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        prefix: str,
        timeout: float,
        on_change: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """Connects nowhere yet. Raises ConfigurationError for a URL that is none of Redis."""
        self._clock = clock
        self._prefix = prefix
        self._timeout = timeout
        self._on_change = on_change
        self._works = True
        try:
            self._pool = BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS,
                timeout=timeout,
                socket_timeout=timeout,
                socket_connect_timeout=timeout,
            )
        except ValueError as error:
            raise ConfigurationError(f"`shared.url` is no URL of Redis: {error}") from None
        self._redis: Redis = Redis(connection_pool=self._pool)

    @property
    def works(self) -> bool:
        """Whether the last call was answered."""
        return self._works

    async def first_use(self, key: str, until: float) -> bool:
        """As ReplayMemory says."""
        seconds = max(0.0, until - self._clock.wall()) + MARGIN_SECONDS
        # One command: of two that ask at the same time, one sets.
        found = await self._asked(
            lambda: self._redis.set(
                f"{self._prefix}:use:{key}", b"1", nx=True, px=math.ceil(seconds * 1000)
            )
        )
        return found is True

    async def get(self, key: str) -> bytes | None:
        """As KeptAnswers says."""
        try:
            found = await self._asked(lambda: self._redis.get(f"{self._prefix}:kept:{key}"))
        except DependencyUnavailableError:
            return None
        return found if isinstance(found, bytes) and len(found) <= LONGEST_ANSWER else None

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        """As KeptAnswers says."""
        milliseconds = math.floor(seconds * 1000)
        if milliseconds < 1 or len(value) > LONGEST_ANSWER:
            return
        try:
            await self._asked(
                lambda: self._redis.set(f"{self._prefix}:kept:{key}", value, px=milliseconds)
            )
        except DependencyUnavailableError:
            return

    async def revoked_version(self) -> int:
        """Another number whenever revocations changed. Raises DependencyUnavailableError."""
        found = await self._asked(lambda: self._redis.get(f"{self._prefix}:revoked:version"))
        return 0 if found is None else int(found)

    async def revoked_entries(self) -> dict[bytes, bytes]:
        """Field ► entry. Raises DependencyUnavailableError."""
        found = await self._asked(lambda: self._redis.hgetall(f"{self._prefix}:revoked"))
        return {_octets(field): _octets(entry) for field, entry in found.items()}

    async def change_revoked(self, put: dict[bytes, bytes], removed: list[bytes]) -> None:
        """Both at once, with another version. Raises DependencyUnavailableError."""

        async def change() -> None:
            name = f"{self._prefix}:revoked"
            async with self._redis.pipeline(transaction=True) as pipe:
                for field, entry in put.items():
                    pipe.hset(name, field, entry)
                if removed:
                    pipe.hdel(name, *removed)
                pipe.incr(f"{name}:version")
                await pipe.execute()

        await self._asked(change)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._redis.aclose()
        await self._pool.aclose()

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self._timeout):
                found = await _unless_cancelled(ask)
        except (RedisError, OSError, TimeoutError, ValueError) as error:
            self._tell(works=False)
            raise DependencyUnavailableError(
                "the shared store", detail=type(error).__name__
            ) from None
        self._tell(works=True)
        return found

    def _tell(self, *, works: bool) -> None:
        if works is not self._works:
            self._works = works
            self._on_change(works)


async def _unless_cancelled(ask: Callable[[], Awaitable[T]]) -> T:
    # The library answers a call that was cancelled while it waited for the answer as if nothing
    # had been: a loop around it would never end, and a deadline would not be one.
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    found = await ask()
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError
    return found


def _octets(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
