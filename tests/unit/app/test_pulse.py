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


async def round_of(seconds: float) -> None:
    """A round of the loop that takes so long."""
    time.sleep(seconds)  # noqa: ASYNC251 - busy
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_a_loop_that_is_busy_round_after_round_says_when_the_present_one_began() -> None:
    pulse = LoopPulse(SystemClock(), 2 * BEAT_SECONDS)
    assert pulse.noticed() > time.monotonic()
    pulse.start()
    await round_of(3 * BEAT_SECONDS)
    began = pulse.noticed()
    assert time.monotonic() - BEAT_SECONDS < began <= time.monotonic()
    time.sleep(2 * BEAT_SECONDS)  # noqa: ASYNC251 - busy
    assert pulse.noticed() == began
    pulse.stop()
    assert pulse.noticed() > time.monotonic()


async def test_one_long_round_is_no_overload() -> None:
    pulse = LoopPulse(SystemClock(), 2 * BEAT_SECONDS)
    pulse.start()
    for _ in range(3):
        await asyncio.sleep(3 * BEAT_SECONDS)
        assert pulse.noticed() > time.monotonic()
        time.sleep(5 * BEAT_SECONDS)  # noqa: ASYNC251 - a collection of memory, say
        # Calls that came meanwhile are looked at now.
        assert pulse.noticed() > time.monotonic()
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


async def test_by_how_much_beats_came_late_is_counted() -> None:
    pulse = LoopPulse(SystemClock(), 2 * BEAT_SECONDS)
    pulse.start()
    assert sum(pulse.lag.buckets) == 0
    await round_of(5 * BEAT_SECONDS)
    pulse.stop()
    assert pulse.lag.seconds > 3 * BEAT_SECONDS
    assert sum(pulse.lag.buckets) >= 1
