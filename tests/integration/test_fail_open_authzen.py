"""The fail-open list of facts/security.md 1.11 where AuthZEN asks: forced, and found closed.

A caller lets through on a 200 whose `decision` is `true`; the tests read answers by exactly that
rule. Each shows first that the same question without the fault is permitted. What begins with the
service or its settings (F6, F14, F15, F18, F19) is the same for every protocol.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from deemster.decisions.fetching import Deadlines
from deemster.decisions.point import DecisionPoint
from deemster.gateways.authzen_metadata import EVALUATION_PATH, EVALUATIONS_PATH
from deemster.gateways.http_envelope import EndpointLimits
from deemster.model.decision import Decision, Effect, Statement
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall
from tests.support.doubles import Broken, FixedDecision, KeptRecords, a_permit
from tests.support.gateway_calls import Desk, Exchange, a_gateway, post
from tests.support.points import FakeProvider, FakeUsers, Point, a_point, some_claims
from tests.support.stand import Cursed

PERMIT = "permit"
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
  - id: read
    match: {resourceType: record, actions: [read]}
    allow: authenticated
"""
}
ALICE = FakeUsers({"alice": {"groups": ["staff"], "attributes": {"level": 3}}})
TOKENS = {"t": some_claims()}
both_paths = pytest.mark.parametrize("path", [EVALUATION_PATH, EVALUATIONS_PATH])
NAMING = a_gateway(may_name_subjects=True)


def question(action: str, *, token: str | None = None, **more: object) -> dict[str, object]:
    properties = {"properties": {"token": token}} if token is not None else {}
    return {
        "subject": {"type": "user", "id": "alice", **properties},
        "action": {"name": action},
        "resource": {"type": "record", "id": "1"},
        **more,
    }


def told(answer: Exchange) -> str:
    """`permit`, or a word that is none: the reason of the deny, or the error's status."""
    if answer.status != 200:
        assert b'"decision"' not in answer.body
        return f"error {answer.status}"
    evaluations = answer.json.get("evaluations", [answer.json])
    assert isinstance(evaluations, list)
    (one,) = evaluations
    return PERMIT if one["decision"] is True else str(one["context"]["reason"])


def desk_of(point: FixedDecision | Broken | DecisionPoint, **more: object) -> Desk:
    return Desk(point, gateway=NAMING, **more)  # type: ignore[arg-type]


async def ask(desk: Desk, body: object, path: str, **how: object) -> str:
    sent = {"evaluations": [body]} if path == EVALUATIONS_PATH else body
    content = json.dumps(sent).encode()
    return told(await post(desk, content, path=path, **how))  # type: ignore[arg-type]


def a_records_point(users: FakeUsers = ALICE, **more: object) -> Point:
    return a_point(TREE, tokens=TOKENS, users=users, **more)  # type: ignore[arg-type]


async def permitted_without_the_fault(action: str, path: str, token: str | None = None) -> None:
    desk = desk_of(a_records_point().point)
    assert await ask(desk, question(action, token=token), path) == PERMIT


@both_paths
@pytest.mark.parametrize("fault", [RuntimeError("a bug"), MemoryError(), RecursionError()])
async def test_f01_f04_f05_the_evaluator_fails(path: str, fault: Exception) -> None:
    await permitted_without_the_fault("level", path)
    users = FakeUsers({"alice": {"attributes": Cursed(fault)}})
    point = a_records_point(users)
    assert await ask(desk_of(point.point), question("level"), path) == "internal-error"
    assert point.faults == [fault]


@both_paths
async def test_f02_a_dependency_or_all_of_it_takes_too_long(path: str) -> None:
    await permitted_without_the_fault("outside", path, "t")

    class Hanging(FakeProvider):
        async def verify(self, *_: object, **__: object) -> None:  # type: ignore[override]
            await asyncio.Event().wait()

    class SlowUsers(FakeUsers):
        async def is_enabled(self, subject: str) -> bool | None:
            await asyncio.Event().wait()
            return True

    hanging = a_point(TREE, provider=Hanging(), users=ALICE, deadlines=Deadlines(token=0.01))
    slow = a_records_point(SlowUsers(), deadlines=Deadlines(user=0.01))
    for point in (hanging, slow):
        asked = question("outside", token="t")
        assert await ask(desk_of(point.point), asked, path) == "dependency-unavailable"

    class LateUsers(FakeUsers):
        async def groups(self, subject: str) -> frozenset[str]:
            late.clock.advance(2.0)
            return await super().groups(subject)

    # Everything answered, and the answer was permit; but it came after the deadline.
    late = a_records_point(LateUsers(ALICE.users))
    assert await ask(desk_of(late.point), question("outside"), path) == "deadline-exceeded"


@both_paths
async def test_f03_a_cancelled_task_permits_nothing(path: str) -> None:
    class Waiting(FixedDecision):
        asked_once = asyncio.Event()

        async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
            self.asked_once.set()
            await asyncio.Event().wait()
            return self.decision

    point = Waiting(a_permit())
    task = asyncio.create_task(ask(desk_of(point), question("read"), path))
    await point.asked_once.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_f03_a_question_that_cancels_itself_takes_the_others_with_it() -> None:
    desk = desk_of(Broken(raises=asyncio.CancelledError()))
    assert await ask(desk, question("read"), EVALUATIONS_PATH) == "error 400"


@both_paths
async def test_f05_a_body_without_end_downwards(path: str) -> None:
    deep = b'{"context":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001
    assert told(await post(desk_of(FixedDecision(a_permit())), deep, path=path)) == "error 400"


@both_paths
@pytest.mark.parametrize("effect", ["permit", True, 1, None, "PERMIT", Effect], ids=repr)
async def test_f07_an_unknown_effect(path: str, effect: object) -> None:
    assert await ask(desk_of(FixedDecision(a_permit())), question("read"), path) == PERMIT
    desk = desk_of(FixedDecision(a_permit(effect=effect)))
    assert await ask(desk, question("read"), path) == "internal-error"


@both_paths
@pytest.mark.parametrize("action", ["READ", "read ", "*", "rea", "outside,read"])
async def test_f07_an_unknown_action(path: str, action: str) -> None:
    await permitted_without_the_fault("read", path)
    assert await ask(desk_of(a_records_point().point), question(action), path) == "no-operation"


@both_paths
@pytest.mark.parametrize("code", ["notify", "modify-headers", "exclude-attributes"])
async def test_f08_a_statement_that_nobody_is_bound_to_carry_out(path: str, code: str) -> None:
    statement = Statement(id="s", code=code, payload={}, obligatory=True)
    desk = desk_of(FixedDecision(a_permit(statements=(statement,))))
    assert await ask(desk, question("read"), path) == "statement-not-possible"


@both_paths
@pytest.mark.parametrize("action", ["outside", "level"])
async def test_f09_the_directory_fails_where_its_silence_would_permit(
    path: str, action: str
) -> None:
    await permitted_without_the_fault(action, path)
    users = FakeUsers(ALICE.users, broken=frozenset({"groups", "attributes"}))
    point = a_records_point(users)
    assert await ask(desk_of(point.point), question(action), path) == "dependency-unavailable"


@both_paths
@pytest.mark.parametrize("answers", [None, True, {"decision": True}, a_permit])
async def test_f10_no_decision_as_a_decision(path: str, answers: object) -> None:
    desk = desk_of(Broken(answers=answers))
    assert await ask(desk, question("read"), path) == "internal-error"


@both_paths
@pytest.mark.parametrize("body", [None, [], "", 0, True])
async def test_f10_a_body_that_is_no_object(path: str, body: object) -> None:
    desk = desk_of(FixedDecision(a_permit()))
    answer = await post(desk, json.dumps(body).encode(), path=path)
    assert told(answer) == "error 400"


@both_paths
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "post"])
async def test_f13_no_other_method_asks(path: str, method: str) -> None:
    point = FixedDecision(a_permit())
    answer = await ask(desk_of(point), question("read"), path, method=method)
    assert (answer, point.asked) == ("error 405", [])


@both_paths
async def test_f16_a_question_before_the_first_load(path: str) -> None:
    await permitted_without_the_fault("read", path)
    empty = a_point(None, users=ALICE)
    assert await ask(desk_of(empty.point), question("read"), path) == "internal-error"


@both_paths
async def test_f17_overload_is_shed_as_an_error_and_never_as_a_permit(path: str) -> None:
    class Slow(FixedDecision):
        def __init__(self) -> None:
            super().__init__(a_permit())
            self.full, self.go = asyncio.Event(), asyncio.Event()

        async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
            self.full.set()
            await self.go.wait()
            return self.decision

    point = Slow()
    desk = desk_of(point, limits=EndpointLimits(concurrency=1))
    first = asyncio.create_task(ask(desk, question("read"), path))
    await point.full.wait()
    assert await ask(desk, question("read"), path) == "error 503"
    point.go.set()
    assert await first == PERMIT


async def test_f17_items_beyond_what_can_be_decided_are_denied_one_by_one() -> None:
    class Crowded(FixedDecision):
        """While it is asked for the first time, others come."""

        async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
            if call.question is not None and call.question.resource.id == "1":
                other = question("read", resource={"type": "record", "id": "2"})
                crowd.append(await ask(desk, other, EVALUATION_PATH))
            return self.decision

    crowd: list[str] = []
    desk = desk_of(Crowded(a_permit()), limits=EndpointLimits(concurrency=1))
    assert await ask(desk, question("read"), EVALUATION_PATH) == PERMIT
    assert crowd == ["error 503"]


@both_paths
async def test_f20_an_answer_that_cannot_be_worded_is_an_error_of_the_protocol(path: str) -> None:
    unwritable = a_permit(statements=(Statement(id="s", code="x", payload=object()),))
    desk = desk_of(FixedDecision(unwritable))
    assert await ask(desk, question("read"), path) == "internal-error"
    nothing_can_be = FixedDecision(a_permit(decision_id=object()))
    answer = await ask(desk_of(nothing_can_be), question("read"), path)
    assert answer == "internal-error"


@both_paths
async def test_a_question_that_cannot_be_recorded_is_denied(path: str) -> None:
    async def not_written() -> bool:
        return False

    desk = desk_of(FixedDecision(a_permit()), recorder=KeptRecords(not_written))
    assert await ask(desk, question("read"), path) == "dependency-unavailable"


@both_paths
@pytest.mark.parametrize("token", ["", "T", "t ", "Bearer t", "t.t.t"])
async def test_a_token_that_is_not_accepted_is_not_passed_over(path: str, token: str) -> None:
    await permitted_without_the_fault("read", path, "t")
    asked = question("read", token=token)
    desk = desk_of(a_records_point().point)
    assert await ask(desk, asked, path) == "token-signature-invalid"
