"""One question at a time, however many decisions wait for its answer."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Hashable
from typing import Generic, TypeVar

__all__ = ["SingleFlight"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Runs at most one task a key; those who ask meanwhile share its result.

    The coroutine should return its failure as a value: an exception object raised in many
    waiters at once would be shared, mutable state between their decisions.
    """

    def __init__(self) -> None:
        self._flights: dict[K, asyncio.Task[V]] = {}

    async def run(self, key: K, make: Callable[[], Coroutine[None, None, V]]) -> V:
        """The result of `make()`, started now or under way already."""
        flight = self._flights.get(key)
        if flight is None:
            # An empty context: the task belongs to no single caller, so it logs as none of them.
            flight = asyncio.create_task(make(), context=contextvars.Context())
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        # A waiter that gives up must not end the flight for the others.
        return await asyncio.shield(flight)

    async def close(self) -> None:
        """Cancel what is under way."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        if flights:
            await asyncio.wait(flights)
