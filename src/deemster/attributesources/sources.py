"""All sources of the settings behind one cache: each call under way once, whoever waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from deemster.attributesources.bounded import BoundedSource
from deemster.attributesources.cache import AnswerCache
from deemster.attributesources.counters import FetchCounters, FetchOutcome
from deemster.model.attributes import (
    AttributeAnswer,
    AttributeFetch,
    Fetched,
    FetchFailed,
    HttpCall,
    Origin,
    SourceCall,
)
from deemster.model.clock import Clock
from deemster.outgoing.single_flight import SingleFlight

__all__ = ["AttributeSources"]

_Flight = tuple[SourceCall, float]
"""Who waits longer is not served by a flight that gives up sooner."""


class AttributeSources:
    """The services and the queries that policies may name (`fetcher.AttributeFetcher`)."""

    def __init__(
        self,
        *,
        services: Iterable[BoundedSource],
        queries: Iterable[BoundedSource],
        cache: AnswerCache,
        counters: FetchCounters,
        clock: Clock,
        timeout: float = 0.3,
    ) -> None:
        """`timeout` in seconds for a fetch that has none of its own, and at most."""
        self._services: Mapping[str, BoundedSource] = {source.name: source for source in services}
        self._queries: Mapping[str, BoundedSource] = {source.name: source for source in queries}
        self._cache = cache
        self._counters = counters
        self._clock = clock
        self._timeout = timeout
        self._flights: SingleFlight[_Flight, AttributeAnswer] = SingleFlight()

    def recall(self, fetch: AttributeFetch) -> Fetched | None:
        """See AttributeFetcher."""
        if fetch.max_age <= 0:
            return None
        found = self._cache.get(fetch.call, fetch.max_age, self._clock.monotonic())
        if found is None:
            return None
        self._counters.count(_name(fetch.call), FetchOutcome.CACHED)
        return Fetched(found[0], Origin.CACHED)

    async def fetch(self, fetch: AttributeFetch, within: float) -> AttributeAnswer:
        """See AttributeFetcher. A flight has a time of its own: others may wait for it longer."""
        call = fetch.call
        sources = self._services if isinstance(call, HttpCall) else self._queries
        source = sources.get(_name(call))
        if source is None:
            return FetchFailed("is not in the settings")
        timeout = self._timeout if fetch.timeout is None else min(fetch.timeout, self._timeout)
        flight = self._flights.run(
            (call, timeout), lambda: self._flown(source, call, timeout, fetch.max_age)
        )
        try:
            return await asyncio.wait_for(flight, within)
        except TimeoutError:
            return FetchFailed("did not answer in time")

    @property
    def held_back(self) -> Mapping[str, Callable[[], bool]]:
        """Each source by its name ► whether it did not answer lately and is left alone."""
        sources = (*self._services.values(), *self._queries.values())
        return {source.name: partial(_is_held_back, source) for source in sources}

    async def close(self) -> None:
        """End what is under way and close every source."""
        await self._flights.close()
        for source in (*self._services.values(), *self._queries.values()):
            await source.close()

    async def _flown(
        self, source: BoundedSource, call: SourceCall, within: float, max_age: float
    ) -> AttributeAnswer:
        asked_at = self._clock.monotonic()
        answer = await source.ask(call, within)
        # INVARIANT: a failure is never kept.
        if isinstance(answer, Fetched):
            self._cache.put(call, answer.document, max_age, at=asked_at)
        return answer


def _is_held_back(source: BoundedSource) -> bool:
    return source.is_held_back


def _name(call: SourceCall) -> str:
    return call.service if isinstance(call, HttpCall) else call.query
