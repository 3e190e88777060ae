"""Whatever fails on the way to a decision ends in a deny (security 1.11: F1, F3 to F5, F7, F10)."""

import asyncio
import json

import pytest

from deemster.errors import CannotCarryOutError, MalformedCallError
from deemster.gateways.deciding import Asked, RecordedDecisions
from deemster.gateways.http_envelope import EndpointLimits
from deemster.model.decision import Decision, Effect, Reason, Statement
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall, Headers
from tests.support.clock import FrozenClock
from tests.support.doubles import (
    AlwaysDeny,
    AlwaysPermit,
    Broken,
    CountedIds,
    FixedDecision,
    KeptRecords,
    KeptReports,
    a_permit,
)
from tests.support.gateway_calls import Desk, Exchange, a_gateway, a_request_leg, post


def denied_with(answer: Exchange) -> str:
    """The code in the deny object of a well-formed answer."""
    assert answer.status == 200
    response = answer.json["response"]
    assert isinstance(response, dict)
    code = json.loads(response["body"])["code"]
    assert isinstance(code, str)
    return code


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(Broken(raises=RuntimeError("x")), id="exception"),
        pytest.param(Broken(raises=MemoryError()), id="no memory"),
        pytest.param(Broken(raises=RecursionError()), id="recursion"),
        pytest.param(Broken(raises=TimeoutError()), id="timeout"),
        pytest.param(Broken(answers=None), id="none"),
        pytest.param(Broken(answers=True), id="true"),
        pytest.param(Broken(answers="permit"), id="a word"),
        pytest.param(Broken(answers={"effect": "permit"}), id="a mapping"),
        pytest.param(Broken(answers=Effect.PERMIT), id="an effect"),
    ],
)
async def test_a_broken_decision_point_denies_and_the_deny_is_recorded(point: Broken) -> None:
    recorder = KeptRecords()
    desk = Desk(point, recorder)
    answer = await post(desk, a_request_leg())
    assert denied_with(answer) == "internal-error"
    assert [d.reason for d in recorder.decisions] == [Reason.INTERNAL_ERROR]
    ((_, told_id),) = desk.reports.faults
    assert answer.header("x-decision-id") == told_id


@pytest.mark.parametrize("effect", [None, "permit", True, "PERMIT"])
async def test_an_effect_that_is_not_permit_itself_denies(effect: object) -> None:
    point = FixedDecision(a_permit(effect=effect))
    assert denied_with(await post(Desk(point), a_request_leg())) == "internal-error"


@pytest.mark.parametrize(
    ("obligatory", "told"),
    [pytest.param(True, "statement-not-possible", id="must"), pytest.param(False, None, id="may")],
)
async def test_a_permit_with_a_statement_the_protocol_cannot_carry_out_is_a_deny_if_it_must_be(
    obligatory: bool, told: str | None
) -> None:
    statement = Statement(id="s", code="mask", payload={}, obligatory=obligatory)
    recorder = KeptRecords()
    desk = Desk(FixedDecision(a_permit(statements=(statement,))), recorder)
    answer = await post(desk, a_request_leg())
    if told is None:
        assert "response" not in answer.json
    else:
        assert denied_with(answer) == told
    assert [decision.reason for decision in recorder.decisions] == [told or "permitted"]


async def test_a_permit_that_cannot_be_put_into_effect_is_recorded_as_the_deny_it_becomes() -> None:
    recorder = KeptRecords()
    decisions = RecordedDecisions(
        recorder=recorder,
        reports=KeptReports(),
        clock=FrozenClock(),
        new_id=CountedIds(),
        concurrency=1,
    )

    def encode(decision: Decision) -> str:
        if decision.permitted:
            raise CannotCarryOutError("no JSON")
        return decision.reason

    asked = Asked(
        "sideband",
        frozenset(),
        GatewayCaller(a_gateway(), "k1"),
        ApiCall("GET", "https://a/", Headers(())),
    )
    assert await decisions.answer(asked, a_permit, encode) == "statement-not-possible"
    assert [decision.reason for decision in recorder.decisions] == ["statement-not-possible"]


async def test_a_cancelled_task_answers_nothing_and_permits_nothing() -> None:
    desk = Desk(Broken(raises=asyncio.CancelledError()))
    with pytest.raises(asyncio.CancelledError):
        await post(desk, a_request_leg())
    assert desk.reports.faults == []


async def test_a_decision_point_may_find_that_the_call_is_none() -> None:
    recorder = KeptRecords()
    desk = Desk(Broken(raises=MalformedCallError("`url` is not absolute")), recorder)
    answer = await post(desk, a_request_leg())
    assert answer.status == 400
    assert answer.json["message"] == "`url` is not absolute"
    assert recorder.decisions == []


class _Slow(FixedDecision):
    """Decides when told to; `full` is set once `calls` calls wait."""

    def __init__(self, calls: int) -> None:
        super().__init__(a_permit())
        self.full = asyncio.Event()
        self.go = asyncio.Event()
        self._calls = calls

    async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
        decision = await super().decide(call, caller)
        if len(self.asked) == self._calls:
            self.full.set()
        await self.go.wait()
        return decision


async def test_overload_denies_at_once_and_never_permits() -> None:
    point, recorder = _Slow(2), KeptRecords()
    desk = Desk(point, recorder, limits=EndpointLimits(concurrency=2))
    waiting = [asyncio.create_task(post(desk, a_request_leg())) for _ in range(2)]
    await point.full.wait()
    shed = await post(desk, a_request_leg())
    assert denied_with(shed) == "overloaded"
    response = shed.json["response"]
    assert isinstance(response, dict)
    assert response["response_code"] == "503"
    assert {"retry-after": "1"} in response["headers"]
    point.go.set()
    assert ["response" in (await task).json for task in waiting] == [False, False]
    assert "response" not in (await post(desk, a_request_leg())).json
    assert [d.reason for d in recorder.decisions].count(Reason.OVERLOADED) == 1


async def test_a_cancelled_call_gives_its_place_back() -> None:
    point = _Slow(1)
    desk = Desk(point, limits=EndpointLimits(concurrency=1))
    task = asyncio.create_task(post(desk, a_request_leg()))
    await point.full.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    point.go.set()
    assert "response" not in (await post(desk, a_request_leg())).json


async def accepted() -> bool:
    return True


async def not_accepted() -> bool:
    return False


async def failed() -> bool:
    raise OSError("disk full")


async def sloppy() -> bool:
    return "yes"  # type: ignore[return-value]  # that is what is sloppy


@pytest.mark.parametrize(
    ("pending", "code"),
    [
        pytest.param(not_accepted, "dependency-unavailable", id="not written"),
        pytest.param(failed, "internal-error", id="raises"),
        pytest.param(sloppy, "dependency-unavailable", id="not exactly true"),
    ],
)
async def test_what_must_be_recorded_and_was_not_is_denied(pending: object, code: str) -> None:
    desk = Desk(AlwaysPermit(), KeptRecords(pending))  # type: ignore[arg-type]  # one of three
    assert denied_with(await post(desk, a_request_leg())) == code


async def test_what_must_be_recorded_and_was_is_permitted() -> None:
    answer = await post(Desk(AlwaysPermit(), KeptRecords(accepted)), a_request_leg())
    assert "response" not in answer.json


class _FailingRecorder(KeptRecords):
    def record(self, **_: object) -> None:
        raise RuntimeError("no log")


async def test_a_recorder_that_raises_denies() -> None:
    desk = Desk(AlwaysPermit(), _FailingRecorder())
    assert denied_with(await post(desk, a_request_leg())) == "internal-error"
    assert len(desk.reports.faults) == 1


async def test_a_permit_that_cannot_be_written_is_a_deny() -> None:
    decision = a_permit(revision=object())
    desk = Desk(FixedDecision(decision))
    assert denied_with(await post(desk, a_request_leg())) == "internal-error"


async def test_the_record_has_protocol_decision_and_microseconds() -> None:
    clock, recorder = FrozenClock(), KeptRecords()

    class Taking(AlwaysDeny):
        async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
            clock.advance(0.0025)
            return await super().decide(call, caller)

    await post(Desk(Taking(), recorder, clock=clock), a_request_leg())
    assert recorder.protocols == ["sideband"]
    assert [d.effect for d in recorder.decisions] == [Effect.DENY]
    assert recorder.elapsed_us[0] in (2499, 2500)
