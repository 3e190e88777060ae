"""Calls of one service within bounds: so many at a time, for so long, none while it is down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from deemster.outgoing.breaker import CircuitBreaker
from deemster.outgoing.failures import CallFailedError

__all__ = ["CallBounds", "HeldBackError"]

T = TypeVar("T")


class HeldBackError(CallFailedError):
    """Nothing was asked: the circuit is open."""


class CallBounds:
    """Raises CallFailedError, whatever the call raised, and nothing else."""

    def __init__(self, breaker: CircuitBreaker, *, concurrency: int) -> None:
        self._breaker = breaker
        self._slots = asyncio.Semaphore(concurrency)

    @property
    def is_open(self) -> bool:
        """Whether calls are held back, all or all but one."""
        return self._breaker.is_open

    async def call(self, ask: Callable[[], Awaitable[T]], within: float) -> T:
        """What `ask()` gives, after `within` seconds at most, waiting for a slot included."""
        breaker = self._breaker
        if not breaker.admits():
            raise HeldBackError("is held back: it did not answer lately", is_outage=True)
        is_asking = False
        try:
            async with asyncio.timeout(within), self._slots:
                is_asking = True
                found = await ask()
        except CallFailedError as failed:
            (breaker.failed if failed.is_outage else breaker.succeeded)()
            raise
        except TimeoutError:
            # A service is not down because we asked it too much at a time.
            (breaker.failed if is_asking else breaker.given_up)()
            message = "did not answer in time" if is_asking else "is asked too much"
            raise CallFailedError(message, is_outage=is_asking) from None
        except Exception as fault:  # noqa: BLE001 - a fault on our side is no answer either
            breaker.failed()
            raise CallFailedError(type(fault).__name__, is_outage=True) from None
        except BaseException:
            breaker.given_up()
            raise
        breaker.succeeded()
        return found
