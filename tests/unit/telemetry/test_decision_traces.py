"""Which decisions are traced, what a trace says, and that nothing is kept for ever."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deemster.decisions.stages import Stage
from deemster.model.decision import Decision, Reason
from deemster.model.http import ApiCall, Headers
from deemster.telemetry.decision_traces import (
    MOST_OPEN,
    MOST_STAGES,
    NotTraced,
    TracedRecording,
    Tracer,
)
from deemster.telemetry.otlp_traces import otlp_traces
from tests.support.clock import FROZEN_AT, FrozenClock
from tests.support.doubles import KeptRecords, a_deny, a_permit
from tests.support.points import a_caller

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
DECISION = "5572a9624d6355dc5e19d8c8580d149b"


def a_call(*, flags: str | None = None) -> ApiCall:
    headers = () if flags is None else (("traceparent", f"00-{TRACE}-{SPAN}-{flags}"),)
    return ApiCall("GET", "https://a/", Headers(headers))


def a_tracer(clock: FrozenClock, *, share: float = 0.25, per_second: int = 100) -> Tracer:
    return Tracer(clock, share=share, per_second=per_second, draw=lambda: 0.25)


class Recording:
    """A decision that is recorded under a tracer."""

    def __init__(self, records: KeptRecords | None = None, *, share: float = 1.0) -> None:
        self.clock = FrozenClock()
        self.tracer = a_tracer(self.clock, share=share)
        self.lines: list[bytes] = []
        self.records = records or KeptRecords()
        self.recording = TracedRecording(self.records, self.tracer, self._offer, self.clock)

    async def record(self, decision: Decision, call: ApiCall | None = None) -> bool | None:
        pending = self.recording.record(
            protocol="sideband",
            caller=a_caller(),
            call=call or a_call(),
            decision=decision,
            elapsed_us=2_000_000,
        )
        return None if pending is None else await pending

    def spans(self) -> list[dict[str, Any]]:
        document = json.loads(otlp_traces("staging", "1.2.3")(self.lines))
        found: list[dict[str, Any]] = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
        return found

    def _offer(self, line: bytes) -> bool:
        self.lines.append(line)
        return True


def told(span: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["value"]["stringValue"] for one in span["attributes"]}


@pytest.mark.parametrize(
    ("flags", "share", "traced"),
    [("01", 0.0, True), ("00", 1.0, False), (None, 0.26, True), (None, 0.25, False)],
)
def test_a_trace_is_continued_where_it_is_recorded_and_begun_for_a_share(
    flags: str | None, share: float, *, traced: bool
) -> None:
    tracer = a_tracer(FrozenClock(), share=share)
    assert (tracer.traced(a_call(flags=flags), DECISION) is not None) is traced


def test_a_trace_that_begins_here_is_called_as_its_decision() -> None:
    tracer = a_tracer(FrozenClock(), share=1.0)
    begun, other = tracer.traced(a_call(), DECISION), tracer.traced(a_call(), "d1")
    assert begun is not None
    assert other is not None
    assert (begun.trace_id, begun.parent_id) == (DECISION, None)
    assert len(bytes.fromhex(other.trace_id)) == 16


def test_strangers_cannot_have_more_traced_than_the_settings_allow() -> None:
    clock = FrozenClock()
    tracer = a_tracer(clock, per_second=2)
    found = [tracer.traced(a_call(flags="01"), f"d{number}") for number in range(5)]
    assert [one is not None for one in found] == [True, True, False, False, False]
    assert tracer.not_traced[NotTraced.LIMIT] == 3
    clock.advance(1.0)
    assert tracer.traced(a_call(flags="01"), "d6") is not None


def test_traces_that_are_never_ended_are_given_up_the_oldest_first() -> None:
    tracer = a_tracer(FrozenClock(), share=1.0, per_second=10_000)
    for number in range(MOST_OPEN + 3):
        tracer.traced(a_call(), f"d{number}")
    assert tracer.not_traced[NotTraced.ABANDONED] == 3
    assert tracer.ended("d2") is None
    assert tracer.ended("d3") is not None
    assert tracer.ended("d3") is None


async def test_a_decision_is_a_span_and_its_stages_are_spans_in_it() -> None:
    one = Recording()
    trace = one.tracer.traced(a_call(flags="01"), DECISION)
    assert trace is not None
    now = one.clock.monotonic()
    trace.stage_ended(Stage.TOKEN, now - 1.5, now - 1.0)
    trace.stage_ended(Stage.EVALUATION, now - 1.0, now - 0.5)
    assert await one.record(a_permit(decision_id=DECISION)) is None
    decision, token, evaluation = one.spans()
    assert (decision["traceId"], decision["parentSpanId"]) == (TRACE, SPAN)
    assert (decision["name"], token["name"], evaluation["name"]) == (
        "decision",
        "token",
        "evaluation",
    )
    for stage in (token, evaluation):
        assert (stage["traceId"], stage["parentSpanId"]) == (TRACE, decision["spanId"])
    assert len({span["spanId"] for span in (decision, token, evaluation)}) == 3
    assert decision["startTimeUnixNano"] == str(int((FROZEN_AT - 2.0) * 1e9))
    assert decision["endTimeUnixNano"] == str(int(FROZEN_AT * 1e9))
    assert token["startTimeUnixNano"] == str(int((FROZEN_AT - 1.5) * 1e9))
    assert told(decision)["deemster.decision_id"] == DECISION
    assert told(decision)["deemster.effect"] == "permit"
    assert told(decision)["deemster.gateway"] == a_caller().gateway.id
    assert "status" not in decision


async def test_a_decision_that_could_not_be_made_is_an_error() -> None:
    one = Recording()
    one.tracer.traced(a_call(), DECISION)
    reason = Reason.DEPENDENCY_UNAVAILABLE
    await one.record(a_deny(decision_id=DECISION, reason=reason))
    [decision] = one.spans()
    assert decision["status"] == {"code": 2, "message": "dependency-unavailable"}
    assert told(decision)["deemster.outcome"] == "error"


async def test_a_permit_that_could_not_be_recorded_is_told_as_the_deny_that_it_became() -> None:
    async def lost() -> bool:
        return False

    one = Recording(KeptRecords(lost))
    one.tracer.traced(a_call(), DECISION)
    assert await one.record(a_permit(decision_id=DECISION)) is False
    [decision] = one.spans()
    assert told(decision)["deemster.effect"] == "deny"
    assert told(decision)["deemster.reason"] == "dependency-unavailable"


async def test_what_is_not_traced_is_recorded_all_the_same() -> None:
    one = Recording(share=0.0)
    assert one.tracer.traced(a_call(), DECISION) is None
    await one.record(a_permit(decision_id=DECISION))
    assert one.lines == []
    assert [decision.decision_id for decision in one.records.decisions] == [DECISION]


def test_a_trace_has_so_many_spans_and_no_more() -> None:
    trace = a_tracer(FrozenClock(), share=1.0).traced(a_call(), DECISION)
    assert trace is not None
    for _ in range(MOST_STAGES + 5):
        trace.stage_ended(Stage.ATTRIBUTES, 1.0, 2.0)
    assert len(trace.stages) == MOST_STAGES


async def test_no_stage_begins_before_its_decision() -> None:
    """Times of decisions are told in whole microseconds, those of stages are not."""
    one = Recording()
    trace = one.tracer.traced(a_call(), DECISION)
    assert trace is not None
    began = one.clock.monotonic() - 2.000_000_9
    trace.stage_ended(Stage.TOKEN, began, began + 1.0)
    await one.record(a_permit(decision_id=DECISION))
    decision, token = one.spans()
    assert decision["startTimeUnixNano"] == token["startTimeUnixNano"]
