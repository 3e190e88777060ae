"""Calls that arrive one by one are decided one right after the other.

Between the messages of two calls the threads of grpcio and the kernel run, and what decides is
cold in the processor's caches by then: a decision takes three times as long as right after another
one. So where calls come in numbers one waits a moment for the next ones. Where they do not, as
over one connection that asks, waits and asks again, it waits for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Arrivals"]

Begun = TypeVar("Begun")

MOST = 32
"""Calls that are decided in one go: none of them waits for the 33rd."""
ROUNDS = 16
"""Rounds of the event loop that a call waits at most; an idle loop takes some microseconds each."""
SECONDS = 0.002
"""The same of a loop whose rounds take long."""
LONELY = 4
"""Waits in vain, one after the other, after which calls are decided as they come..."""
UNTRIED = 64
"""...and so many of them, until it is tried again."""


class Arrivals(Generic[Begun]):
    """Of one endpoint, on one event loop."""

    __slots__ = ("_began", "_in_vain", "_rounds", "_untried", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Future[Begun | BaseException], Callable[[], Begun]]] = []
        self._rounds = 0
        self._began = 0.0
        self._in_vain = 0
        self._untried = 0

    async def begun(self, begin: Callable[[], Begun]) -> Begun:
        """What `begin` answers, which is asked now or soon, with others. Raises what it does.

        Cancelling who waits here cancels nobody else.
        """
        if self._untried:
            self._untried -= 1
            return begin()
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Begun | BaseException] = loop.create_future()
        if not self._waiting:
            self._rounds, self._began = 0, loop.time()
            loop.call_soon(self._next_round, loop)
        self._waiting.append((turn, begin))
        outcome = await turn
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _next_round(self, loop: asyncio.AbstractEventLoop) -> None:
        self._rounds += 1
        if (
            self._rounds < ROUNDS
            and len(self._waiting) < MOST
            and loop.time() - self._began < SECONDS
        ):
            loop.call_soon(self._next_round, loop)
            return
        waiting, self._waiting = self._waiting, []
        self._in_vain = 0 if len(waiting) > 1 else self._in_vain + 1
        if self._in_vain >= LONELY:
            self._in_vain, self._untried = 0, UNTRIED
        for turn, begin in waiting:
            if not turn.done():  # else its caller has left
                turn.set_result(_outcome(begin))


def _outcome(begin: Callable[[], Begun]) -> Begun | BaseException:
    # INVARIANT: one call's failure is its own. A turn that never came would be a call without an
    # answer, which opens a gateway that fails open.
    try:
        return begin()
    except (Exception, asyncio.CancelledError) as failure:  # noqa: BLE001  (raised where awaited)
        return failure
