"""Sideband's response leg, where policies look at what the upstream answered."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from deemster.gateways.adapter import WireRequest
from deemster.model.decision import STEP_UP_ERROR, Challenge, Decision, DeniedReason, Effect, Reason
from deemster.model.http import HEADERS_NOT_KNOWN, ApiCall, ApiResponse, Headers, Phase
from tests.support.doubles import (
    AlwaysPermit,
    Broken,
    FixedDecision,
    KeptRecords,
    a_deny,
    a_permit,
)
from tests.support.gateway_calls import (
    RESPONSE_PATH,
    Desk,
    a_request_leg,
    a_response_leg,
    post,
    response_adapter,
)
from tests.support.sideband_rules import check_sideband_rules

ADAPTER = response_adapter()
UNCHANGED = {
    "response_code": "200",
    "response_status": "OK",
    "http_version": "1.1",
    "headers": [{"content-type": "application/json"}, {"x-upstream": "1"}],
    "body": '{"a":1}',
}


def decoded(**members: object) -> ApiCall:
    body = json.dumps(a_response_leg(**members)).encode()
    return ADAPTER.decode(WireRequest("POST", RESPONSE_PATH, [], body))


def test_a_response_leg_is_an_answer_to_a_call_of_which_little_is_known() -> None:
    call = decoded(
        response_code="404",
        headers=[{"X-A": "1"}, {"x-a": "2"}],
        body="gone",
        request=a_request_leg(access_token={"sub": "mallory"}),
    )
    assert call.phase is Phase.RESPONSE
    assert call.response == ApiResponse(404, Headers((("x-a", "1"), ("x-a", "2"))), "gone")
    assert call.headers is HEADERS_NOT_KNOWN
    assert (call.body, call.client_ip, call.asserted_claims) == (None, None, None)
    assert call.possible == {
        "auth-challenge", "denied-reason", "exclude-attributes", "include-attributes",
        "modify-attributes", "modify-headers", "regex-replace-attributes",
    }  # fmt: skip


def test_a_body_that_was_not_delivered_is_not_an_empty_one() -> None:
    for body, expected in ((..., None), ("", "")):
        response = decoded(body=body).response
        assert response is not None
        assert response.body == expected


async def judged(desk: Desk, *, replaced: bool = True) -> Mapping[str, object]:
    body = a_response_leg()
    answer = await post(desk, body, path=RESPONSE_PATH)
    assert answer.status == 200
    headers = [(name.decode(), value.decode()) for name, value in answer.headers]
    asked = json.dumps(body).encode()
    assert check_sideband_rules(asked, 200, headers, answer.body, replaced=replaced) == []
    return answer.json


async def test_what_is_permitted_passes_as_it_is_and_is_recorded() -> None:
    recorder = KeptRecords()
    desk = Desk(AlwaysPermit(), recorder, looks_at_answers=True)
    assert await judged(desk, replaced=False) == UNCHANGED
    assert [decision.permitted for decision in recorder.decisions] == [True]


async def test_what_is_refused_is_replaced() -> None:
    words = DeniedReason("iban.hidden", "Not for you.")
    deny = a_deny(reason=Reason.POLICY_DENIED, denied_reason=words)
    answer = await judged(Desk(FixedDecision(deny), looks_at_answers=True))
    assert answer == {
        "response_code": "403",
        "response_status": "Forbidden",
        "http_version": "1.1",
        "headers": [{"content-type": "application/json"}, {"cache-control": "no-store"}],
        "body": json.dumps(
            {"code": "iban.hidden", "message": "Not for you.", "id": deny.decision_id},
            separators=(",", ":"),
        ),
    }


async def test_a_challenge_is_told_with_a_401() -> None:
    challenge = Challenge(realm="https://a/", error=STEP_UP_ERROR, max_age=60)
    deny = a_deny(reason=Reason.POLICY_DENIED, challenge=challenge)
    answer = await judged(Desk(FixedDecision(deny), looks_at_answers=True))
    assert answer["response_code"] == "401"
    assert {"www-authenticate": challenge.header()} in answer["headers"]  # type: ignore[operator]


@pytest.mark.parametrize(
    "point",
    [Broken(raises=RuntimeError("ours")), FixedDecision(a_permit(effect="permit"))],
    ids=["a fault", "no effect at all"],
)
async def test_nothing_passes_where_something_of_ours_failed(point: FixedDecision | Broken) -> None:
    answer = await judged(Desk(point, looks_at_answers=True))
    assert answer["response_code"] in {"503", "403"}
    assert "a" not in json.loads(str(answer["body"]))


async def test_an_answer_nobody_looks_at_is_neither_decided_nor_recorded() -> None:
    recorder = KeptRecords()
    point = FixedDecision(a_deny())
    assert await judged(Desk(point, recorder), replaced=False) == UNCHANGED
    assert (point.asked, recorder.decisions) == ([], [])


async def test_a_stranger_is_told_nothing_of_an_answer() -> None:
    point = AlwaysPermit()
    desk = Desk(point, looks_at_answers=True)
    answer = await post(desk, a_response_leg(), path=RESPONSE_PATH, secret="wrong")
    assert (answer.status, point.asked) == (401, [])


def test_a_decision_is_encoded_for_calls_of_this_leg_alone() -> None:
    call = ApiCall(method="GET", url="https://a.example/", headers=Headers(()))
    permit: Decision = a_permit(effect=Effect.PERMIT)
    with pytest.raises(TypeError):
        ADAPTER.encode(call, permit)
    with pytest.raises(TypeError):
        ADAPTER.unchanged(call)
