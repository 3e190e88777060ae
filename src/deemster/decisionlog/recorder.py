"""One record for each decision, masked and encoded, into every sink."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from enum import Enum

import msgspec

from deemster.decisionlog.counters import DecisionCounters
from deemster.decisionlog.record import DecisionRecordV1, RecordBuilder, outcome_of
from deemster.decisionlog.redaction import escape_surrogates, escape_unprintable
from deemster.decisionlog.redaction_rules import RedactionRules
from deemster.decisionlog.replayable import ReplayRules
from deemster.decisionlog.sinks import BufferedSink
from deemster.model.clock import Clock
from deemster.model.decision import Decision
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall

__all__ = ["DecisionRecorder", "WhenFull"]


class WhenFull(Enum):
    """What happens to a decision whose record cannot be written."""

    DROP = "drop"
    """The answer goes out, the lost record is counted."""
    BLOCK = "block"
    """The answer waits for the record, and is a deny if the record cannot be written."""


class DecisionRecorder:
    """Records and counts decisions. `wait` (seconds) bounds what `block` waits for a sink."""

    def __init__(  # noqa: PLR0913  (its parts, each by keyword)
        self,
        *,
        environment: str,
        clock: Clock,
        sinks: Sequence[BufferedSink],
        when_full: WhenFull,
        counters: DecisionCounters,
        wait: float,
        redact: RedactionRules | None = None,
        replay: ReplayRules | None = None,
    ) -> None:
        self._records = RecordBuilder(environment, clock.wall, redact=redact, replay=replay)
        self._sinks = tuple(sinks)
        self._blocks = when_full is WhenFull.BLOCK
        self._counters = counters
        self._wait = wait
        self._encode = msgspec.json.Encoder().encode

    def start(self) -> None:
        """Begin writing; called on the event loop that decides."""
        for sink in self._sinks:
            sink.start()

    def record(
        self,
        *,
        protocol: str,
        caller: GatewayCaller | None,
        call: ApiCall,
        decision: Decision,
        elapsed_us: int,
    ) -> Awaitable[bool] | None:
        """Take the decision: None means that the answer may go out.

        An awaitable (only under `WhenFull.BLOCK`) yields True once the record is written. Where
        it yields False the answer must be a deny.
        """
        outcome = outcome_of(decision)
        service = decision.service
        self._counters.count_decision(
            protocol, "" if service is None else service.id, outcome, decision.reason, elapsed_us
        )
        try:
            record = self._records.build(protocol, caller, call, decision, outcome, elapsed_us)
            line = self._line(record)
        except Exception:  # noqa: BLE001  a record that cannot be masked is never sent unmasked
            self._counters.not_masked += 1
            return _refused() if self._blocks else None
        if self._blocks:
            return self._put(line)
        for sink in self._sinks:
            sink.offer(line)
        return None

    def note(self, line: bytes) -> None:
        """Take a line that is about no answer, for every sink that has room for it."""
        for sink in self._sinks:
            sink.offer(line)

    def reopen(self) -> None:
        """Open rotated files anew."""
        for sink in self._sinks:
            sink.reopen()

    async def close(self, within: float) -> None:
        """Write what is held, for at most `within` seconds, and end."""
        await asyncio.gather(*[sink.close(within) for sink in self._sinks])

    def _line(self, record: DecisionRecordV1) -> bytes:
        try:
            line = self._encode(record)
        except UnicodeEncodeError:
            line = self._encode(escape_surrogates(msgspec.to_builtins(record)))
        return escape_unprintable(line) + b"\n"

    async def _put(self, line: bytes) -> bool:
        if len(self._sinks) == 1:
            return await self._sinks[0].put(line, self._wait)
        written = await asyncio.gather(*[sink.put(line, self._wait) for sink in self._sinks])
        return all(written)


async def _refused() -> bool:
    return False
