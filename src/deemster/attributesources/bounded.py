"""One source within bounds, its answers counted."""

from __future__ import annotations

from deemster.attributesources.counters import FetchCounters, FetchOutcome
from deemster.attributesources.source import AttributeSource
from deemster.model.attributes import AttributeAnswer, Fetched, FetchFailed, SourceCall
from deemster.outgoing.bounds import CallBounds, HeldBackError
from deemster.outgoing.breaker import CircuitBreaker
from deemster.outgoing.failures import CallFailedError

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
        self._bounds = CallBounds(breaker, concurrency=concurrency)
        self._counters = counters

    @property
    def is_held_back(self) -> bool:
        """Whether it did not answer lately and is therefore left alone."""
        return self._bounds.is_open

    async def ask(self, call: SourceCall, within: float) -> AttributeAnswer:
        """The answer, after `within` seconds at most, waiting for a slot included."""
        try:
            document = await self._bounds.call(lambda: self._source.ask(call), within)
        except HeldBackError as held_back:
            self._counters.count(self.name, FetchOutcome.HELD_BACK)
            return FetchFailed(str(held_back))
        except CallFailedError as failed:
            answer: AttributeAnswer = FetchFailed(str(failed))
        else:
            answer = Fetched(document)
        is_open = self._bounds.is_open
        (self._counters.open_circuits.add if is_open else self._counters.open_circuits.discard)(
            self.name
        )
        outcome = FetchOutcome.FETCHED if isinstance(answer, Fetched) else FetchOutcome.FAILED
        self._counters.count(self.name, outcome)
        return answer

    async def close(self) -> None:
        """Release connections."""
        await self._source.close()
