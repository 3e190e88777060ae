"""AuthZEN over HTTP: which form an answer has, and which questions of several are asked."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from deemster.gateways.authzen_metadata import EVALUATION_PATH, EVALUATIONS_PATH
from deemster.gateways.http_envelope import EndpointLimits
from deemster.model.decision import Decision, Effect, Reason, Statement
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall
from tests.support.authzen_calls import MOST, a_batch, a_question
from tests.support.doubles import AlwaysPermit, FixedDecision, KeptRecords, a_deny, a_permit
from tests.support.gateway_calls import Desk, Exchange, a_gateway, post

RECORD = {"type": "record", "id": "record-1"}
ID = (b"x-request-id", b"bfe9eb29-ab87-4ca3-be83-a1d5d8305716")
both_paths = pytest.mark.parametrize(
    ("path", "body"), [(EVALUATION_PATH, a_question), (EVALUATIONS_PATH, a_batch)]
)
Body = Callable[[], dict[str, object]]


class ByResource(FixedDecision):
    """Permits what is about `good` resources, and keeps the ids in the order it was asked."""

    def __init__(self) -> None:
        super().__init__(a_permit())
        self.ids: list[str] = []

    def one(self, call: ApiCall) -> Decision:
        assert call.question is not None
        id_ = call.question.resource.id
        self.ids.append(id_)
        return a_permit(decision_id=id_) if id_.startswith("good") else a_deny(decision_id=id_)

    async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
        return self.one(call)


def resources(*ids: object) -> list[dict[str, object]]:
    return [{"resource": {"type": "record", "id": id_}} for id_ in ids]


def answers(answer: Exchange) -> list[bool]:
    assert answer.status == 200, answer.body
    found = answer.json["evaluations"]
    assert isinstance(found, list)
    return [one["decision"] for one in found]


async def ask(
    desk: Desk, body: object, path: str = EVALUATION_PATH, *headers: tuple[bytes, bytes]
) -> Exchange:
    return await post(desk, body, path=path, headers=headers)  # type: ignore[arg-type]


# --- the form -------------------------------------------------------------------------------------


async def test_a_deny_is_a_200() -> None:
    answer = await ask(Desk(FixedDecision(a_deny())), a_question())
    assert (answer.status, answer.json["decision"]) == (200, False)
    assert answer.header("x-decision-id") == "d-1"


@pytest.mark.parametrize(
    "reason",
    [
        Reason.DEPENDENCY_UNAVAILABLE,
        Reason.DEADLINE_EXCEEDED,
        Reason.POLICY_TOO_OLD,
        Reason.INTERNAL_ERROR,
    ],
)
async def test_what_is_unavailable_is_a_deny_too(reason: Reason) -> None:
    answer = await ask(Desk(FixedDecision(a_deny(reason=reason))), a_question())
    assert (answer.status, answer.json["decision"]) == (200, False)
    assert answer.json["context"]["reason"] == reason  # type: ignore[index]


@both_paths
@pytest.mark.parametrize(
    "content_type",
    [
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"application/jsonp",
        b"application/problem+json",
        b"application/json; charset=iso-8859-1",
        b"application/json, application/json",
        b"",
    ],
)
async def test_another_content_type_is_malformed(
    path: str, body: Body, content_type: bytes
) -> None:
    desk = Desk(AlwaysPermit())
    answer = await post(desk, body(), path=path, content_type=content_type, headers=[ID])
    assert (answer.status, answer.json["code"]) == (400, "malformed")
    assert answer.header("x-request-id") == ID[1].decode()


@pytest.mark.parametrize("fields", [[], [b"application/json"] * 2])
async def test_one_content_type_must_be_there(fields: Sequence[bytes]) -> None:
    more = [(b"content-type", value) for value in fields]
    answer = await post(Desk(), a_question(), path=EVALUATION_PATH, content_type=None, headers=more)
    assert answer.status == 400


@pytest.mark.parametrize(
    "content_type",
    [b"application/json", b"Application/JSON", b"application/json;charset=UTF-8"],
)
async def test_json_in_utf_8_is_the_one_content_type(content_type: bytes) -> None:
    answer = await post(Desk(), a_question(), path=EVALUATION_PATH, content_type=content_type)
    assert answer.json["decision"] is True


@both_paths
async def test_a_stranger_is_challenged_and_told_nothing(path: str, body: Body) -> None:
    desk = Desk(AlwaysPermit())
    answer = await post(desk, body(), path=path, secret=None, headers=[ID])
    assert answer.status == 401
    assert answer.header("www-authenticate") == 'Bearer realm="authzen"'
    assert answer.header("x-request-id") == ID[1].decode()


@both_paths
async def test_the_callers_request_id_is_given_back_on_every_answer(path: str, body: Body) -> None:
    echoed = []
    for desk, sent, method in [
        (Desk(AlwaysPermit()), body(), "POST"),
        (Desk(FixedDecision(a_deny())), body(), "POST"),
        (Desk(FixedDecision(a_deny(reason=Reason.OVERLOADED))), body(), "POST"),
        (Desk(), {}, "POST"),
        (Desk(), b"{", "POST"),
        (Desk(), body(), "GET"),
        (Desk(limits=EndpointLimits(body=10)), body(), "POST"),
        (Desk(gateway=a_gateway(protocols=frozenset())), body(), "POST"),
    ]:
        answer = await post(desk, sent, path=path, method=method, headers=[ID])  # type: ignore[arg-type]
        echoed.append((answer.status, answer.header("x-request-id")))
    statuses = [200, 200, 503, 400, 400, 405, 413, 401]
    assert echoed == [(status, ID[1].decode()) for status in statuses]


async def test_without_a_request_id_none_is_made_up() -> None:
    assert (await ask(Desk(), a_question())).header("x-request-id") is None


@pytest.mark.parametrize("value", [b"", b"a b\tc", b"\xe9\xff", b"x" * 1024, b'";\\'])
async def test_a_request_id_is_any_text_and_comes_back_to_the_byte(value: bytes) -> None:
    answer = await ask(Desk(), a_question(), EVALUATION_PATH, (b"x-request-id", value))
    assert answer.status == 200
    assert dict(answer.headers)[b"x-request-id"] == value


@pytest.mark.parametrize("values", [[b"a", b"b"], [b"a", b"a"], [b"x" * 1025], [b"a\x00b"]])
async def test_a_request_id_that_cannot_be_given_back_is_malformed(
    values: Sequence[bytes],
) -> None:
    headers = [(b"x-request-id", value) for value in values]
    answer = await ask(Desk(AlwaysPermit()), a_question(), EVALUATION_PATH, *headers)
    assert (answer.status, answer.header("x-request-id")) == (400, None)


async def test_overload_is_a_503_to_be_tried_again() -> None:
    for path, body in [(EVALUATION_PATH, a_question()), (EVALUATIONS_PATH, a_batch())]:
        records = KeptRecords()
        desk = Desk(AlwaysPermit(), records, limits=EndpointLimits(concurrency=0))
        answer = await ask(desk, body, path)
        assert (answer.status, answer.json["code"]) == (503, "overloaded")
        assert answer.header("retry-after") == "1"
        assert [decision.reason for decision in records.decisions] == ["overloaded"]


# --- statements -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "obligatory", "permits"),
    [
        ("watermark", False, True),
        ("watermark", True, False),
        ("modify-headers", True, False),
        ("exclude-attributes", True, False),
        ("exclude-attributes", False, True),
    ],
)
async def test_nobody_is_trusted_to_carry_out_what_a_permit_is_tied_to(
    code: str, obligatory: bool, permits: bool
) -> None:
    statement = Statement(id="s", code=code, payload={"a": 1}, obligatory=obligatory)
    desk = Desk(FixedDecision(a_permit(statements=(statement,))))
    answer = await ask(desk, a_question())
    assert answer.json["decision"] is permits
    told = answer.json["context"]
    assert isinstance(told, dict)
    assert told["reason"] == ("permitted" if permits else "statement-not-possible")
    assert ("statements" in told) is permits


# --- several questions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("semantic", "expected", "asked"),
    [
        ("execute_all", [True, False, True, False], ["good-1", "bad-2", "good-3", "bad-4"]),
        ("deny_on_first_deny", [True, False], ["good-1", "bad-2"]),
        ("permit_on_first_permit", [True], ["good-1"]),
    ],
)
async def test_a_semantic_says_which_questions_are_asked(
    semantic: str, expected: list[bool], asked: list[str]
) -> None:
    point, records = ByResource(), KeptRecords()
    body = a_batch(
        evaluations=resources("good-1", "bad-2", "good-3", "bad-4"),
        options={"evaluations_semantic": semantic},
    )
    answer = await ask(Desk(point, records), body, EVALUATIONS_PATH)
    assert answers(answer) == expected
    assert sorted(point.ids) == sorted(asked)
    # One record for each, of the very decision that was told.
    assert [decision.decision_id for decision in records.decisions] == asked


async def test_the_first_permit_may_be_the_last() -> None:
    body = a_batch(
        evaluations=resources("bad-1", "bad-2", "good-3"),
        options={"evaluations_semantic": "permit_on_first_permit"},
    )
    assert answers(await ask(Desk(ByResource()), body, EVALUATIONS_PATH)) == [False, False, True]


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
async def test_a_malformed_item_is_a_deny_of_its_own(semantic: str, expected: list[bool]) -> None:
    desk = Desk(ByResource(), KeptRecords())
    items = resources("good-1", 7, "good-3")
    options = {"evaluations_semantic": semantic}
    answer = await ask(desk, a_batch(evaluations=items, options=options), EVALUATIONS_PATH)
    assert answers(answer) == expected
    if len(expected) > 1:
        evaluations = answer.json["evaluations"]
        assert isinstance(evaluations, list)
        error = evaluations[1]["context"]["error"]
        assert (error["status"], error["message"]) == (
            400,
            "`resource.id` must be a string, found a number",
        )
        ((protocol, refused, told_id),) = desk.reports.refused
        assert (protocol, refused.message, told_id) == ("authzen", error["message"], error["id"])


async def test_without_items_the_answer_is_that_of_one_question() -> None:
    for body in (a_question(), a_question(evaluations=[])):
        answer = await ask(Desk(AlwaysPermit()), body, EVALUATIONS_PATH)
        assert answer.json["decision"] is True
        assert "evaluations" not in answer.json
    incomplete = await ask(Desk(), a_question(evaluations=[], action=...), EVALUATIONS_PATH)
    assert incomplete.status == 400


async def test_too_many_items_are_refused_before_any_is_asked() -> None:
    point = AlwaysPermit()
    most = a_batch(evaluations=resources(*["good"] * MOST))
    assert answers(await ask(Desk(point), most, EVALUATIONS_PATH)) == [True] * MOST
    more = a_batch(evaluations=resources(*["good"] * (MOST + 1)))
    assert (await ask(Desk(point), more, EVALUATIONS_PATH)).status == 400
    assert len(point.asked) == MOST


async def test_the_order_is_kept_whichever_question_takes_longest() -> None:
    class Backwards(ByResource):
        async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
            decision = self.one(call)
            for _ in range(100 - 10 * len(self.ids)):
                await asyncio.sleep(0)
            return decision

    ids = ["good-1", "bad-2", "good-3", "good-4", "bad-5"]
    answer = await ask(Desk(Backwards()), a_batch(evaluations=resources(*ids)), EVALUATIONS_PATH)
    evaluations = answer.json["evaluations"]
    assert isinstance(evaluations, list)
    assert [one["context"]["decision_id"] for one in evaluations] == ids


async def test_no_more_than_sixteen_are_waited_for_at_a_time() -> None:
    class Counting(ByResource):
        under_way = most = 0

        async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            for _ in range(5):
                await asyncio.sleep(0)
            self.under_way -= 1
            return self.one(call)

    point = Counting()
    body = a_batch(evaluations=resources(*["good"] * MOST))
    assert answers(await ask(Desk(point), body, EVALUATIONS_PATH)) == [True] * MOST
    assert point.most == 16


async def test_a_fault_in_one_question_is_a_deny_of_that_one() -> None:
    class Faulty(ByResource):
        async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
            decision = self.one(call)
            if decision.effect is Effect.DENY:
                raise MemoryError
            return decision

    desk = Desk(Faulty())
    body = a_batch(evaluations=resources("good-1", "bad-2", "good-3"))
    assert answers(await ask(desk, body, EVALUATIONS_PATH)) == [True, False, True]
    assert len(desk.reports.faults) == 1


async def test_what_cannot_be_recorded_is_denied_one_by_one() -> None:
    written = iter([True, False, True])

    async def pending() -> bool:
        return next(written)

    desk = Desk(AlwaysPermit(), KeptRecords(pending))
    body = a_batch(evaluations=resources("good-1", "good-2", "good-3"))
    assert answers(await ask(desk, body, EVALUATIONS_PATH)) == [True, False, True]
