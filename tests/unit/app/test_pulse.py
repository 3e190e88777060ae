"""The pulse tells since when the loop has been busy; a late call is refused before it is begun."""

from __future__ import annotations

import asyncio
import time

from deemster.app.pulse import BEAT_SECONDS, LoopPulse
from deemster.gateways.deciding import Asked, RecordedDecisions
from deemster.model.clock import SystemClock
from deemster.model.decision import Decision
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall, Headers
from tests.support.clock import FrozenClock
from tests.support.doubles import CountedIds, KeptRecords, KeptReports, a_permit
from tests.support.gateway_calls import a_gateway

ASKED = Asked(
    "sideband",
    frozenset(),
    GatewayCaller(a_gateway(), "k1"),
    ApiCall("GET", "https://a/", Headers(())),
)


async def test_it_goes_on_beating_until_it_is_stopped() -> None:
    pulse = LoopPulse(SystemClock())
    assert pulse.noticed() > time.monotonic()
    pulse.start()
    first = pulse.noticed()
    await asyncio.sleep(3 * BEAT_SECONDS)
    assert first < pulse.noticed() <= time.monotonic()
    pulse.stop()
    await asyncio.sleep(2 * BEAT_SECONDS)
    assert pulse.noticed() > time.monotonic()


async def test_while_the_loop_is_busy_it_stands_still() -> None:
    pulse = LoopPulse(SystemClock())
    pulse.start()
    began = pulse.noticed()
    time.sleep(3 * BEAT_SECONDS)  # noqa: ASYNC251 - busy
    assert pulse.noticed() == began
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert pulse.noticed() > began
    pulse.stop()


def asked_after(waited: float) -> tuple[str, list[str], int]:
    """Its reason, the reasons recorded, and how often the decision point was asked."""
    clock, records = FrozenClock(), KeptRecords()
    noticed = clock.monotonic()
    clock.advance(waited)
    begun: list[None] = []

    def begin() -> Decision:
        begun.append(None)
        return a_permit()

    decisions = RecordedDecisions(
        recorder=records,
        reports=KeptReports(),
        clock=clock,
        new_id=CountedIds(),
        concurrency=1,
        queue_seconds=0.1,
        noticed=lambda: noticed,
    )
    answer = decisions.begin_answer(ASKED, begin, lambda decision: decision.reason)
    return str(answer), [str(decision.reason) for decision in records.decisions], len(begun)


def test_a_call_whose_turn_came_in_time_is_decided() -> None:
    assert asked_after(0.09) == ("permitted", ["permitted"], 1)


def test_a_call_that_waited_too_long_is_refused_recorded_and_not_judged() -> None:
    assert asked_after(0.11) == ("overloaded", ["overloaded"], 0)
