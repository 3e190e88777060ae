"""Decision endpoints over their own wire: who may ask where, bulk requests, and looking back."""

import asyncio
import json

import pytest

from deemster.gateways.http_envelope import EndpointLimits
from deemster.model.decision import Decision, Reason, Statement
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall
from tests.support.decision_calls import (
    BULK,
    a_bulk_request,
    a_decision_request,
    a_question,
    check_decision_rules,
    decision_path,
    judgements,
)
from tests.support.doubles import AlwaysPermit, FixedDecision, KeptRecords, a_deny, a_permit
from tests.support.gateway_calls import Desk, Exchange, a_gateway, post


async def ask(desk: Desk, body: dict[str, object], endpoint: str = "shop") -> Exchange:
    return await post(desk, body, path=decision_path(endpoint))


async def ask_all(desk: Desk, body: dict[str, object], endpoint: str = "shop") -> Exchange:
    return await post(desk, body, path=decision_path(endpoint), headers=[BULK])


async def look(desk: Desk, below: str, query: bytes = b"", endpoint: str = "shop") -> Exchange:
    path = decision_path(endpoint, f"/recentDecisions{below}")
    return await post(desk, b"", path=path, method="GET", query=query)


def asked_of(desk: Desk) -> list[tuple[ApiCall, GatewayCaller]]:
    assert isinstance(desk.point, FixedDecision)
    return desk.point.asked


class ByUrl(FixedDecision):
    """Decides by a word in the URL, or the id of the resource."""

    async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
        self.asked.append((call, caller))
        number = len(self.asked)
        if "yes" in call.url:
            return a_permit(decision_id=f"d-{number}")
        if "busy" in call.url:
            return a_deny(decision_id=f"d-{number}", reason=Reason.OVERLOADED)
        return a_deny(decision_id=f"d-{number}", reason=Reason.NO_RULE)


def by_url(**members: object) -> Desk:
    return Desk(ByUrl(a_deny()), **members)  # type: ignore[arg-type]


# --- who may ask where --------------------------------------------------------------------------


async def test_for_the_length_of_a_call_the_gateway_may_ask_for_the_endpoints_service_only() -> (
    None
):
    desk = Desk(gateway=a_gateway(asserts=frozenset({"idp"}), may_name_subjects=True))
    await ask(desk, a_decision_request(), "shop")
    ((_, caller),) = asked_of(desk)
    assert caller.gateway.api_services == frozenset({"shop"})
    assert caller.gateway.may_name_subjects
    assert caller.gateway.asserts == frozenset({"idp"})
    assert caller.secret_id == "k1"


@pytest.mark.parametrize("endpoint", ["other", "unknown", "", "shop/", "shop%2f", "SHOP", "shop/x"])
async def test_an_endpoint_of_another_service_is_not_there(endpoint: str) -> None:
    desk = Desk(gateway=a_gateway(api_services=frozenset({"shop"})))
    answer = await ask(desk, a_decision_request(), endpoint)
    assert (answer.status, answer.json["code"]) == (404, "NOT_FOUND")
    assert check_decision_rules(answer) == []
    assert asked_of(desk) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post"])
async def test_nothing_but_post_asks(method: str) -> None:
    desk = Desk()
    answer = await post(desk, a_decision_request(), path=decision_path(), method=method)
    assert answer.status == 405
    assert asked_of(desk) == []


@pytest.mark.parametrize(
    "media_type",
    [
        b"",
        b"text/plain",
        b"application/json; charset=utf-16",
        b"application/json, application/json",
        b"application/vnd.pingidentity.decisionengine.authorize.bulk+xml",
        b"application/jsonx",
    ],
)
async def test_another_media_type_is_malformed(media_type: bytes) -> None:
    desk = Desk()
    headers = [(b"content-type", media_type)]
    answer = await post(desk, a_decision_request(), path=decision_path(), headers=headers)
    assert (answer.status, answer.json["code"]) == (400, "INVALID_REQUEST")
    assert asked_of(desk) == []


@pytest.mark.parametrize(
    "media_type",
    [b"application/json", b"Application/JSON; charset=UTF-8", b'application/json;charset="utf-8"'],
)
async def test_json_is_json_however_it_is_spelt(media_type: bytes) -> None:
    headers = [(b"content-type", media_type)]
    answer = await post(Desk(), a_decision_request(), path=decision_path(), headers=headers)
    assert judgements(answer) == ["PERMIT"]


async def test_two_media_types_are_malformed() -> None:
    headers = [BULK, (b"content-type", b"application/json")]
    answer = await post(Desk(), a_decision_request(), path=decision_path(), headers=headers)
    assert answer.status == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"parameters": None},
        {"parameters": []},
        {"parameters": {}},
        {"parameters": {}, "userContext": None},
        {"parameters": {}, "userContext": {}},
        {"parameters": {}, "userContext": {"user": {}}},
        {"parameters": {}, "userContext": {"user": {"id": ""}}},
        {"parameters": {}, "userContext": {"user": {"id": 7}}},
        {"parameters": {}, "userContext": {"user": {"id": "alice", "name": "x"}}},
        {"parameters": {}, "userContext": {"userId": "alice"}},
        {"parameters": {}, "decisionRequests": []},
        {**a_decision_request(), "more": 1},
    ],
)
async def test_a_body_that_is_no_decision_request_is_malformed(body: object) -> None:
    desk = Desk()
    answer = await post(desk, json.dumps(body).encode(), path=decision_path())
    assert (answer.status, answer.json["code"]) == (400, "INVALID_DATA")
    assert check_decision_rules(answer) == []
    assert asked_of(desk) == []


# --- one decision -------------------------------------------------------------------------------


async def test_the_callers_id_names_the_answer_and_stands_in_the_record() -> None:
    desk = Desk()
    headers = [(b"x-request-id", b"checkout-7")]
    answer = await post(desk, a_question(), path=decision_path(), headers=headers)
    assert answer.json["correlationId"] == "checkout-7"
    assert answer.json["id"] == answer.header("x-decision-id") == "d-1"
    ((call, _),) = asked_of(desk)
    assert call.gateway_request_id == "checkout-7"


@pytest.mark.parametrize("name", [b"", b"\xff", b"a\tb", b"x" * 257])
async def test_an_id_that_could_not_be_a_header_field_names_nothing(name: bytes) -> None:
    headers = [(b"x-request-id", name)]
    answer = await post(Desk(), a_question(), path=decision_path(), headers=headers)
    assert answer.json["correlationId"] == "d-1"


async def test_an_obligatory_statement_of_any_code_goes_with_the_permit() -> None:
    statement = Statement(id="s", code="x-mask", payload={"a": 1}, obligatory=True)
    desk = Desk(FixedDecision(a_permit(statements=(statement,))))
    answer = await ask(desk, a_question())
    assert judgements(answer) == ["PERMIT"]
    assert [one["code"] for one in answer.json["statements"]] == ["x-mask"]  # type: ignore[attr-defined]


async def test_a_permit_whose_statement_cannot_be_written_is_none() -> None:
    statement = Statement(id="s", code="x-mask", payload=object(), obligatory=True)
    recorder = KeptRecords()
    desk = Desk(FixedDecision(a_permit(statements=(statement,))), recorder)
    answer = await ask(desk, a_question())
    assert judgements(answer) == ["INDETERMINATE"]
    assert [decision.reason for decision in recorder.decisions] == [Reason.INTERNAL_ERROR]


async def test_overloaded_is_a_429_that_says_when_to_ask_again() -> None:
    answer = await ask(by_url(), a_decision_request(request_url="https://x.test/busy"))
    assert (answer.status, answer.json["code"]) == (429, "REQUEST_LIMITED")
    assert answer.header("retry-after") == "1"


# --- several decisions --------------------------------------------------------------------------


async def test_answers_come_in_the_order_of_the_questions_and_each_is_recorded() -> None:
    recorder = KeptRecords()
    desk = by_url(recorder=recorder)
    urls = ["yes", "no", "yes", "no", "no"]
    answer = await ask_all(
        desk,
        a_bulk_request(
            *[{"parameters": {"request.url": f"https://x.test/{word}"}} for word in urls],
            request_method="GET",
            request_headers={},
        ),
    )
    words = {"yes": "PERMIT", "no": "NOT_APPLICABLE"}
    assert judgements(answer) == [words[word] for word in urls]
    assert answer.json["summary"] == {"requested": 5, "successful": 5, "errors": 0}
    assert check_decision_rules(answer) == []
    responses = answer.json["responses"]
    assert isinstance(responses, list)
    assert [one["id"] for one in responses] == [f"d-{number}" for number in range(1, 6)]
    assert [decision.decision_id for decision in recorder.decisions] == [
        one["id"] for one in responses
    ]
    # What the records of one bulk request have in common is what the answer is called by.
    named = {call.gateway_request_id for call, _ in asked_of(desk)}
    assert named == {answer.json["correlationId"]}


async def test_what_a_question_says_goes_before_what_is_shared() -> None:
    desk = Desk()
    await ask_all(
        desk,
        a_bulk_request(
            {"parameters": {"request.url": "https://x.test/own"}},
            {},
            request_method="GET",
            request_url="https://x.test/shared",
            request_headers={"x-a": "1"},
        ),
    )
    assert [call.url for call, _ in asked_of(desk)] == [
        "https://x.test/own",
        "https://x.test/shared",
    ]
    assert all(call.headers.get_all("x-a") == ("1",) for call, _ in asked_of(desk))


async def test_a_question_that_is_none_is_indeterminate_and_the_others_are_decided() -> None:
    desk = by_url()
    yes = a_decision_request(request_url="https://x.test/yes")
    odd = a_decision_request(request_url=7)
    answer = await ask_all(desk, a_bulk_request(yes, odd, yes))
    assert judgements(answer) == ["PERMIT", "INDETERMINATE", "PERMIT"]
    assert answer.json["summary"] == {"requested": 3, "successful": 2, "errors": 1}
    assert len(asked_of(desk)) == 2
    assert check_decision_rules(answer) == []
    # The operator is told as of any other call that was none.
    ((protocol, error, told_id),) = desk.reports.refused
    assert (protocol, error.code) == ("decision-endpoint", "malformed")
    assert told_id in answer.body.decode()


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (20, 200), (21, 400)])
async def test_a_bulk_request_has_at_least_one_question_and_at_most_the_maximum(
    count: int, status: int
) -> None:
    desk = Desk()
    answer = await ask_all(desk, a_bulk_request(*[a_question()] * count))
    assert answer.status == status
    assert len(asked_of(desk)) == (count if status == 200 else 0)
    if count > 20:
        assert str(answer.json["message"]).startswith("Payload Too Large: ")


@pytest.mark.parametrize(
    "body",
    [
        {"decisionRequests": {}},
        {"decisionRequests": [1]},
        {"decisionRequests": [{"parameters": []}]},
        {"decisionRequests": [{"usercontext": {"user": {"id": "bob"}}}], "userContext": {}},
        {"decisionRequests": [{"user_context": {"user": {"id": "bob"}}}]},
        {"decisionRequests": [{}], "parameter": {}},
        {"requests": [{}]},
        {"parameters": {}},
        [],
    ],
)
async def test_a_body_that_is_no_bulk_request_is_malformed_as_a_whole(body: object) -> None:
    desk = Desk()
    data = json.dumps(body).encode()
    answer = await post(desk, data, path=decision_path(), headers=[BULK])
    assert (answer.status, answer.json["code"]) == (400, "INVALID_DATA")
    assert asked_of(desk) == []


async def test_a_bulk_body_as_plain_json_is_malformed_and_never_half_read() -> None:
    answer = await ask(Desk(), a_bulk_request(a_question()))
    assert answer.status == 400


async def test_a_bulk_request_that_meets_overload_at_once_is_a_429() -> None:
    desk = by_url(limits=EndpointLimits(concurrency=0))
    answer = await ask_all(desk, a_bulk_request(a_question(), a_question()))
    assert (answer.status, answer.json["code"]) == (429, "REQUEST_LIMITED")
    assert check_decision_rules(answer) == []
    assert asked_of(desk) == []


async def test_overload_that_is_met_later_is_that_of_its_question() -> None:
    busy = a_decision_request(request_url="https://x.test/busy")
    yes = a_decision_request(request_url="https://x.test/yes")
    answer = await ask_all(by_url(), a_bulk_request(yes, busy, yes))
    assert judgements(answer) == ["PERMIT", "INDETERMINATE", "PERMIT"]
    assert answer.json["summary"] == {"requested": 3, "successful": 2, "errors": 1}


class Slow(AlwaysPermit):
    """Permits after a while, and knows how many waited at once."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = self.most = 0

    async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        return await super().decide(call, caller)


async def test_questions_that_have_to_wait_wait_together() -> None:
    point = Slow()
    answer = await ask_all(Desk(point), a_bulk_request(*[a_question()] * 5))
    assert judgements(answer) == ["PERMIT"] * 5
    assert point.most == 5


async def test_a_record_that_is_not_written_makes_its_question_indeterminate() -> None:
    outcomes = iter([True, False, True])

    async def written() -> bool:
        return next(outcomes)

    desk = Desk(recorder=KeptRecords(pending=written))
    answer = await ask_all(desk, a_bulk_request(*[a_question()] * 3))
    assert judgements(answer) == ["PERMIT", "INDETERMINATE", "PERMIT"]


# --- looking back -------------------------------------------------------------------------------


async def test_recent_decisions_are_not_there_unless_they_are_kept() -> None:
    desk = Desk()
    await ask(desk, a_question())
    assert (await look(desk, "")).status == 404


async def test_the_last_decisions_newest_first() -> None:
    desk = by_url(keeps_decisions=True)
    for word in ("yes", "no"):
        url = f"https://user:pw@x.test/{word}?secret=s3cr3t#s3cr3t"
        await ask(desk, a_decision_request(request_url=url, accessToken="t0k3n"))
    answer = await look(desk, "")
    assert answer.status == 200
    assert answer.header("content-type") == "application/hal+json"
    first, second = answer.json["_embedded"]["recentDecisions"]  # type: ignore[index]
    assert [first["decisionResponse"]["decision"], first["id"]] == ["NOT_APPLICABLE", "d-2"]
    assert [second["decisionResponse"]["decision"], second["id"]] == ["PERMIT", "d-1"]
    assert first["url"] == "https://[redacted]@x.test/no?secret=[redacted]#[redacted]"
    assert answer.json["size"] == 2
    for secret in (b"s3cr3t", b"t0k3n", b"pw@"):
        assert secret not in answer.body
    path = first["_links"]["self"]["href"]
    one = await post(desk, b"", path=path, method="GET")
    assert one.json == first


async def test_payloads_of_statements_are_not_kept() -> None:
    statement = Statement(id="s", code="x-mask", payload={"a": "s3cr3t"}, obligatory=True)
    desk = Desk(FixedDecision(a_permit(statements=(statement,))), keeps_decisions=True)
    assert b"s3cr3t" in (await ask(desk, a_question())).body
    answer = await look(desk, "/d-1")
    assert answer.status == 200
    assert b"s3cr3t" not in answer.body


async def test_twenty_are_kept_and_for_a_day() -> None:
    desk = by_url(keeps_decisions=True)
    for _ in range(25):
        await ask(desk, a_question())
    answer = await look(desk, "")
    assert answer.json["size"] == 20
    assert (await look(desk, "", b"limit=3")).json["size"] == 3
    assert (await look(desk, "", b"limit=500")).json["size"] == 20
    assert (await look(desk, "/d-5")).status == 404
    assert (await look(desk, "/d-6")).status == 200
    desk.clock.advance(24 * 3600)
    assert (await look(desk, "")).json["size"] == 0
    assert (await look(desk, "/d-6")).status == 404


@pytest.mark.parametrize("query", [b"limit=0", b"limit=-1", b"limit=x", b"limit=1&limit=2", b"x=1"])
async def test_a_query_that_is_none_is_malformed(query: bytes) -> None:
    answer = await look(Desk(keeps_decisions=True), "", query)
    assert (answer.status, answer.json["code"]) == (400, "INVALID_DATA")


async def test_another_endpoint_and_another_gateway_see_nothing_of_it() -> None:
    desk = by_url(keeps_decisions=True)
    await ask(desk, a_question(), "shop")
    assert (await look(desk, "", endpoint="other")).json["size"] == 0
    assert (await look(desk, "/d-1", endpoint="other")).status == 404
    stranger = by_url(keeps_decisions=True, gateway=a_gateway(api_services=frozenset({"x"})))
    assert (await look(stranger, "")).status == 404


@pytest.mark.parametrize("below", ["/", "/d-1/", "/d-1/x", "s"])
async def test_no_other_path_leads_to_them(below: str) -> None:
    desk = by_url(keeps_decisions=True)
    await ask(desk, a_question())
    assert (await look(desk, below)).status == 404


async def test_recent_decisions_are_only_read() -> None:
    desk = by_url(keeps_decisions=True)
    path = decision_path("shop", "/recentDecisions")
    answer = await post(desk, b"", path=path)
    assert (answer.status, answer.header("allow")) == (405, "GET")
