"""A directory behind HTTP, asked within bounds; one that does not tell is unavailable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from deemster.errors import DependencyUnavailableError
from deemster.outgoing.bounds import CallBounds
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpAnswer, HttpQuestion
from deemster.usercontext.mapping import MisfitError

__all__ = ["AnsweringService", "AskedDirectory"]

T = TypeVar("T")

# Whoever waits gives up after the whole time, and then nobody could tell that the service is slow.
_SHARE = 0.9


class AnsweringService(Protocol):
    """An HTTP service, or one that has to be found first."""

    async def ask(self, question: HttpQuestion) -> HttpAnswer:
        """The answer. Raises CallFailedError."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class AskedDirectory:
    """One service, and how much it may be asked."""

    def __init__(
        self, id: str, service: AnsweringService, bounds: CallBounds, *, timeout: float
    ) -> None:
        """`timeout`: seconds that the resolver waits for one question."""
        self.id = id
        self._service = service
        self._bounds = bounds
        self._within = timeout * _SHARE

    @property
    def is_held_back(self) -> bool:
        """Whether it did not answer lately and is therefore left alone."""
        return self._bounds.is_open

    async def bounded(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask()` gives, be it made of several calls."""
        try:
            return await self._bounds.call(lambda: _misfits_told(ask), self._within)
        except CallFailedError as failed:
            raise DependencyUnavailableError(self.id, detail=str(failed)) from None

    async def get(self, target: str, **headers: str) -> HttpAnswer:
        """One call, within `bounded`. Raises CallFailedError."""
        return await self._service.ask(HttpQuestion("GET", target, headers))

    async def close(self) -> None:
        """Release connections."""
        await self._service.close()


async def _misfits_told(ask: Callable[[], Awaitable[T]]) -> T:
    try:
        return await ask()
    except MisfitError as misfit:
        # It answered, so it is not down.
        raise CallFailedError(str(misfit), is_outage=False) from None
