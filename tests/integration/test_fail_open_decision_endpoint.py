"""The fail-open list of facts/security.md 1.11 at decision endpoints: forced, and found closed.

A caller lets through on a 200 whose `decision` is `PERMIT`, and on nothing else; the tests read
answers by exactly that rule. Each shows first that the same question without the fault is
permitted. What begins with the service or its settings (F6, F14, F15, F18, F19) is the same for
every protocol.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from deemster.decisions.fetching import Deadlines
from deemster.decisions.point import DecisionPoint
from deemster.gateways.http_envelope import EndpointLimits
from deemster.model.decision import Effect, Reason, Statement
from tests.support.decision_calls import BULK, a_bulk_request, a_question, decision_path
from tests.support.doubles import Broken, FixedDecision, KeptRecords, a_permit
from tests.support.gateway_calls import Desk, Exchange, a_gateway, post
from tests.support.points import FakeProvider, FakeUsers, Point, a_point, some_claims
from tests.support.stand import Cursed

PERMIT = "PERMIT"
TREE = {
    "records.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: records}
service:
  tokenProvider: {type: internal, id: idp}
  audience: records
schema:
  user: {level: {type: int, default: 0}}
operations:
  - id: outside
    match: {resourceType: record, actions: [outside]}
    allow: {when: "!('outsiders' in user.groups)"}
  - id: level
    match: {resourceType: record, actions: [level]}
    allow: authenticated
    policies:
      - id: level
        combiningAlgorithm: deny-overrides
        rules:
          - {id: suspended, effect: deny, when: "user.level < 0"}
          - {id: others, effect: permit}
"""
}
ALICE = FakeUsers({"alice": {"groups": ["staff"], "attributes": {"level": 3}}})
TOKENS = {"t": some_claims()}
both = pytest.mark.parametrize("bulk", [False, True], ids=["single", "bulk"])


def question(action: str, **more: object) -> dict[str, object]:
    said = {"resource.type": "record", "resource.id": "1", "action.name": action, **more}
    return a_question("alice", **said)


def told(answer: Exchange) -> str:
    """`PERMIT`, or what is none: the judgement and its reason, or the error's status."""
    if answer.status != 200:
        assert b'"decision":' not in answer.body
        return f"error {answer.status}"
    responses = answer.json.get("responses", [answer.json])
    assert isinstance(responses, list)
    (one,) = responses
    return PERMIT if one["decision"] == PERMIT else " ".join(one["status"]["messages"])


def desk_of(point: FixedDecision | Broken | DecisionPoint, **more: object) -> Desk:
    return Desk(point, gateway=a_gateway(may_name_subjects=True), **more)  # type: ignore[arg-type]


async def ask(desk: Desk, body: object, *, bulk: bool, **how: object) -> str:
    sent = a_bulk_request(body) if bulk else body  # type: ignore[arg-type]
    headers = [BULK] if bulk else []
    content = json.dumps(sent).encode()
    path = decision_path("records")
    return told(await post(desk, content, path=path, headers=headers, **how))  # type: ignore[arg-type]


def a_records_point(users: FakeUsers = ALICE, **more: object) -> Point:
    return a_point(TREE, tokens=TOKENS, users=users, **more)  # type: ignore[arg-type]


async def permitted_without_the_fault(action: str, *, bulk: bool, **more: object) -> None:
    desk = desk_of(a_records_point().point)
    assert await ask(desk, question(action, **more), bulk=bulk) == PERMIT


@both
@pytest.mark.parametrize("fault", [RuntimeError("a bug"), MemoryError(), RecursionError()])
async def test_f01_f04_f05_the_evaluator_fails(bulk: bool, fault: Exception) -> None:
    await permitted_without_the_fault("level", bulk=bulk)
    point = a_records_point(FakeUsers({"alice": {"attributes": Cursed(fault)}}))
    assert await ask(desk_of(point.point), question("level"), bulk=bulk) == "internal-error"
    assert point.faults == [fault]


class Hanging(FakeProvider):
    """Verifies nothing, ever."""

    async def verify(self, *_: object, **__: object) -> None:  # type: ignore[override]
        await asyncio.Event().wait()


@both
async def test_f02_a_token_that_nobody_verifies_in_time(bulk: bool) -> None:
    await permitted_without_the_fault("level", bulk=bulk, accessToken="t")
    deadlines = Deadlines(decision=5.0, token=0.01, user=1.0)
    point = a_records_point(provider=Hanging(TOKENS), deadlines=deadlines)
    desk = desk_of(point.point)
    asked = question("level", accessToken="t")
    assert await ask(desk, asked, bulk=bulk) == "dependency-unavailable"


@both
async def test_f03_cancelled_while_deciding(bulk: bool) -> None:
    await permitted_without_the_fault("level", bulk=bulk, accessToken="t")
    point = a_records_point(provider=Hanging(TOKENS))
    asked = question("level", accessToken="t")
    asking = asyncio.create_task(ask(desk_of(point.point), asked, bulk=bulk))
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@both
async def test_f03_a_cancellation_from_within_permits_nothing(bulk: bool) -> None:
    desk = desk_of(Broken(raises=asyncio.CancelledError()))
    try:
        answer = await ask(desk, question("level"), bulk=bulk)
    except asyncio.CancelledError:
        answer = "cancelled"
    assert answer == ("error 400" if bulk else "cancelled")


@both
@pytest.mark.parametrize("effect", ["permit", True, 1, None, "PERMIT", Effect], ids=repr)
async def test_f07_unknown_effect(bulk: bool, effect: object) -> None:
    assert await ask(desk_of(FixedDecision(a_permit())), question("x"), bulk=bulk) == PERMIT
    desk = desk_of(FixedDecision(a_permit(effect=effect)))
    assert await ask(desk, question("x"), bulk=bulk) == "permitted"  # and INDETERMINATE


@both
async def test_f07_unknown_action(bulk: bool) -> None:
    await permitted_without_the_fault("level", bulk=bulk)
    desk = desk_of(a_records_point().point)
    assert await ask(desk, question("Level"), bulk=bulk) == "no-operation"


@both
async def test_f08_a_statement_that_cannot_be_written_down(bulk: bool) -> None:
    """Every code is handed on; what has no JSON is handed on by no one."""
    good = Statement(id="s", code="x-new", payload={"a": 1}, obligatory=True)
    desk = desk_of(FixedDecision(a_permit(statements=(good,))))
    assert await ask(desk, question("x"), bulk=bulk) == PERMIT
    bad = Statement(id="s", code="x-new", payload={"a": object()}, obligatory=True)
    recorder = KeptRecords()
    desk = desk_of(FixedDecision(a_permit(statements=(bad,))), recorder=recorder)
    assert await ask(desk, question("x"), bulk=bulk) == "internal-error"
    assert [decision.reason for decision in recorder.decisions] == [Reason.INTERNAL_ERROR]


@both
async def test_f09_the_directory_fails_inside_a_negated_condition(bulk: bool) -> None:
    await permitted_without_the_fault("outside", bulk=bulk)
    users = FakeUsers({"alice": {"groups": ["outsiders"]}}, broken=frozenset({"groups"}))
    desk = desk_of(a_records_point(users).point)
    assert await ask(desk, question("outside"), bulk=bulk) == "dependency-unavailable"


@both
@pytest.mark.parametrize("answers", [None, "permit", True, {}, {"effect": "permit"}], ids=repr)
async def test_f10_null_as_a_decision(bulk: bool, answers: object) -> None:
    desk = desk_of(Broken(answers=answers))
    assert await ask(desk, question("x"), bulk=bulk) == "internal-error"


@pytest.mark.parametrize("body", [None, [], "PERMIT", True, 0, {"decision": "PERMIT"}], ids=repr)
async def test_f10_a_body_that_is_no_request(body: object) -> None:
    content = json.dumps(body).encode()
    desk = desk_of(FixedDecision(a_permit()))
    assert told(await post(desk, content, path=decision_path("records"))) == "error 400"


@both
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "GET", "PUT"])
async def test_f13_another_method_is_no_question(bulk: bool, method: str) -> None:
    desk = desk_of(FixedDecision(a_permit()))
    assert await ask(desk, question("x"), bulk=bulk, method=method) == "error 405"


@both
async def test_f16_a_question_before_the_first_load(bulk: bool) -> None:
    point = a_point(None, tokens=TOKENS, users=ALICE)
    assert await ask(desk_of(point.point), question("level"), bulk=bulk) == "internal-error"


@both
async def test_f17_too_many_at_once(bulk: bool) -> None:
    desk = desk_of(FixedDecision(a_permit()), limits=EndpointLimits(concurrency=0))
    assert await ask(desk, question("x"), bulk=bulk) == "error 429"


@both
@pytest.mark.parametrize("fault", [RuntimeError("a bug"), MemoryError(), KeyError("x")])
async def test_f20_a_fault_of_ours_is_no_5xx(bulk: bool, fault: Exception) -> None:
    desk = desk_of(Broken(raises=fault))
    assert await ask(desk, question("x"), bulk=bulk) == "internal-error"

    class Failing(KeptRecords):
        def record(self, **_: object) -> None:
            raise fault

    desk = desk_of(FixedDecision(a_permit()), recorder=Failing())
    assert await ask(desk, question("x"), bulk=bulk) == "internal-error"
