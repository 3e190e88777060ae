"""One source within bounds: so many calls at a time, for so long, and none while it is down."""

from __future__ import annotations

import asyncio

from deemster.attributesources.breaker import CircuitBreaker
from deemster.attributesources.counters import FetchCounters, FetchOutcome
from deemster.attributesources.source import AttributeSource, SourceFailedError
from deemster.model.attributes import AttributeAnswer, Fetched, FetchFailed, SourceCall

__all__ = ["BoundedSource"]


class BoundedSource:
    """Asks a source and raises nothing."""

    def __init__(
        self,
        source: AttributeSource,
        *,
        breaker: CircuitBreaker,
        concurrency: int,
        counters: FetchCounters,
    ) -> None:
        self.name = source.name
        self._source = source
        self._breaker = breaker
        self._slots = asyncio.Semaphore(concurrency)
        self._counters = counters

    async def ask(self, call: SourceCall, within: float) -> AttributeAnswer:
        """The answer, after `within` seconds at most, waiting for a slot included."""
        if not self._breaker.admits():
            self._counters.count(self.name, FetchOutcome.HELD_BACK)
            return FetchFailed("is held back: it did not answer lately")
        answer = await self._admitted(call, within)
        is_open = self._breaker.is_open
        (self._counters.open_circuits.add if is_open else self._counters.open_circuits.discard)(
            self.name
        )
        outcome = FetchOutcome.FETCHED if isinstance(answer, Fetched) else FetchOutcome.FAILED
        self._counters.count(self.name, outcome)
        return answer

    async def close(self) -> None:
        """Release connections."""
        await self._source.close()

    async def _admitted(self, call: SourceCall, within: float) -> AttributeAnswer:
        breaker = self._breaker
        is_asking = False
        try:
            async with asyncio.timeout(within), self._slots:
                is_asking = True
                document = await self._source.ask(call)
        except SourceFailedError as failed:
            (breaker.failed if failed.is_outage else breaker.succeeded)()
            return FetchFailed(str(failed))
        except TimeoutError:
            # A source is not down because we asked it too much at a time.
            (breaker.failed if is_asking else breaker.given_up)()
            return FetchFailed("did not answer in time" if is_asking else "is asked too much")
        except Exception as fault:  # noqa: BLE001 - a source's own fault is no answer either
            breaker.failed()
            return FetchFailed(type(fault).__name__)
        except BaseException:
            breaker.given_up()
            raise
        breaker.succeeded()
        return Fetched(document)
