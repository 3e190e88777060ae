"""Decision endpoints with real policies: who asks, what is read, and what is never permitted."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from deemster.errors import DependencyUnavailableError
from deemster.model.identity import VerifiedClaims
from tests.support.decision_calls import (
    BULK,
    a_bulk_request,
    a_decision_request,
    a_question,
    check_decision_rules,
    decision_path,
    judgements,
)
from tests.support.gateway_calls import Desk, Exchange, a_gateway, post
from tests.support.points import FakeUsers, a_point, some_claims

SHOP = {
    "shop.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: shop}
service:
  baseUrls: [https://api.example.com/shop]
  tokenProvider: {type: internal, id: idp}
  audience: BizPro Invoices API
attributes:
  amount: {type: int, source: {body: "$.amount"}}
operations:
  - id: list
    match: {methods: [GET], path: /orders}
    allow: {scopes: {any: [orders.read]}}
  - id: staff
    match: {methods: [GET], path: /staff}
    allow: {groups: {any: [staff]}}
  - id: pay
    match: {methods: [POST], path: "/orders/{id}"}
    allow: {when: "attr.amount < 100 && 'blue' in request.headers['x-tenant']"}
  - id: unless
    match: {methods: [GET], path: /unless}
    allow: authenticated
    policies:
      - id: risky
        combiningAlgorithm: deny-overrides
        rules:
          - {id: risk, effect: deny, when: "'high' in request.headers['x-risk']"}
          - {id: others, effect: permit}
  - id: nothing
    match: {methods: [GET], path: /nothing}
    policies:
      - id: never
        combiningAlgorithm: deny-overrides
        rules:
          - {id: only-post, effect: permit, when: "request.method == 'POST'"}
  - id: health
    match: {methods: [GET], path: /health}
    allow: public
""",
    "todo.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: todo}
service:
  tokenProvider: {type: internal, id: idp}
  audience: BizPro Invoices API
schema:
  resource: {owner: {type: string}, size: {type: int, optional: true}}
  context: {channel: {type: string, optional: true}}
operations:
  - id: read
    match: {resourceType: todo, actions: [can_read]}
    allow: {when: "user.id == resource.properties.owner"}
  - id: small
    match: {resourceType: todo, actions: [can_delete]}
    allow: {when: "resource.properties.size < 3"}
""",
}
USERS = FakeUsers(
    {"alice": {"groups": ["staff"]}, "bob": {"groups": []}, "mallory": {"enabled": False}}
)
TOKENS: Mapping[str, VerifiedClaims | Exception] = {
    "alice": some_claims(scopes="orders.read"),
    "bob": some_claims("bob"),
    "down": DependencyUnavailableError("idp"),
}
JSON = "application/json"
BASE = "https://api.example.com/shop"


def a_desk(**gateway: object) -> Desk:
    said = {"may_name_subjects": True, **gateway}
    return Desk(a_point(SHOP, tokens=TOKENS, users=USERS).point, gateway=a_gateway(**said))


async def ask(
    body: Mapping[str, object], endpoint: str = "shop", desk: Desk | None = None
) -> Exchange:
    answer = await post(desk or a_desk(), body, path=decision_path(endpoint))
    assert check_decision_rules(answer) == []
    return answer


def outcome(answer: Exchange) -> str:
    """The judgement and the first reason."""
    status = answer.json["status"]
    assert isinstance(status, dict)
    return " ".join([str(answer.json["decision"]), *status["messages"][:1]])


def a_call(path: str, user: str | None = None, **parameters: object) -> dict[str, object]:
    said: dict[str, object] = {"request_headers": {}, **parameters}
    return a_decision_request(user, request_url=f"{BASE}{path}", **said)


# --- a call -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("alice", "PERMIT"),
        ("bob", "DENY scope-missing"),
        ("stolen", "DENY token-signature-invalid"),
        ("not a token", "DENY token-malformed"),
        (..., "DENY token-missing"),
        ("down", "INDETERMINATE dependency-unavailable"),
    ],
)
async def test_a_call_is_by_whoever_its_token_says(token: str, expected: str) -> None:
    assert outcome(await ask(a_call("/orders", accessToken=token))) == expected


async def test_a_token_in_the_header_of_the_call_is_as_good_and_two_are_too_many() -> None:
    header = {"Authorization": "Bearer alice"}
    assert outcome(await ask(a_call("/orders", request_headers=header))) == "PERMIT"
    twice = a_call("/orders", request_headers=header, accessToken="alice")
    assert outcome(await ask(twice)) == "DENY credential-ambiguous"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/health", "PERMIT"),
        ("/none", "NOT_APPLICABLE no-operation"),
        ("/nothing", "NOT_APPLICABLE no-rule"),
        ("/orders/..%2fhealth", "DENY ambiguous-path"),
        ("/a\\b", "DENY ambiguous-path"),
    ],
)
async def test_a_path_is_judged_as_on_every_other_wire(path: str, expected: str) -> None:
    assert outcome(await ask(a_call(path, accessToken="alice"))) == expected


async def test_a_call_to_another_services_url_is_none_of_the_endpoints_business() -> None:
    answer = await ask(a_call("/health"), "todo")
    assert outcome(answer) == "NOT_APPLICABLE no-api-service"


async def test_a_url_that_is_none_is_malformed() -> None:
    answer = await ask(a_decision_request(request_url="shop"))
    assert (answer.status, answer.json["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"request_body": {"amount": 99}}, "PERMIT"),
        ({"request_body": '{"amount": 99}', "request_headers.content-type": JSON}, "PERMIT"),
        ({"request_body": {"amount": 100}}, "DENY policy-denied"),
        ({"request_body": {"amount": "99"}}, "INDETERMINATE indeterminate"),
        ({"request_body": {}}, "INDETERMINATE attribute-missing"),
        ({}, "INDETERMINATE body-unavailable"),
    ],
)
async def test_a_body_is_read_and_one_that_nobody_told_is_not_empty(
    parameters: dict[str, object], expected: str
) -> None:
    body = a_decision_request(
        request_method="POST",
        request_url=f"{BASE}/orders/7",
        request_headers=...,
        accessToken="alice",
        **{"request_headers.x-tenant": "blue", **parameters},
    )
    assert outcome(await ask(body)) == expected


# --- a named user -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "token", "expected"),
    [
        ("alice", ..., "PERMIT"),
        ("alice", "alice", "PERMIT"),
        ("bob", ..., "DENY group-missing"),
        ("alice", "bob", "DENY subject-not-accepted"),
        ("alice", "stolen", "DENY token-signature-invalid"),
        ("mallory", ..., "DENY user-disabled"),
        ("nobody", ..., "DENY user-unknown"),
    ],
)
async def test_a_named_user_is_judged_and_a_token_must_be_theirs(
    user: str, token: str, expected: str
) -> None:
    assert outcome(await ask(a_call("/staff", user, accessToken=token))) == expected


async def test_a_named_user_without_a_token_has_no_scopes() -> None:
    assert outcome(await ask(a_call("/orders", "alice"))) == "DENY scope-missing"
    with_token = a_call("/orders", "alice", accessToken="alice")
    assert outcome(await ask(with_token)) == "PERMIT"


@pytest.mark.catalogue("T1")
@pytest.mark.parametrize(
    "body", [a_call("/staff", "alice"), a_question("alice", resource_properties_owner="alice")]
)
async def test_a_gateway_that_may_not_name_subjects_is_not_believed(
    body: dict[str, object],
) -> None:
    desk = a_desk(may_name_subjects=False)
    endpoint = "todo" if "action.name" in str(body) else "shop"
    assert outcome(await ask(body, endpoint, desk)) == "DENY subject-not-accepted"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "PERMIT"),
        ({"x-risk": "high"}, "DENY policy-denied"),
        ({"X-Risk": ["low", "high"]}, "DENY policy-denied"),
        ({"Connection": "x-risk"}, "DENY reserved-header"),
        ({"Authorization": ["Bearer alice", "Bearer bob"]}, "DENY credential-ambiguous"),
    ],
)
@pytest.mark.parametrize("user", ["alice", None])
async def test_header_fields_of_a_call_are_read_whoever_says_who_asks(
    headers: dict[str, object], expected: str, user: str | None
) -> None:
    token = "alice" if user is None and "Authorization" not in headers else ...
    answer = await ask(a_call("/unless", user, request_headers=headers, accessToken=token))
    assert outcome(answer) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"request_body": {"amount": 99}}, "PERMIT"),
        ({"request_body": {"amount": 100}}, "DENY policy-denied"),
        ({}, "INDETERMINATE body-unavailable"),
    ],
)
async def test_the_body_of_a_named_users_call_is_read(
    parameters: dict[str, object], expected: str
) -> None:
    told = {"request_method": "POST", "request_headers": {"x-tenant": "blue"}, **parameters}
    assert outcome(await ask(a_call("/orders/7", "alice", **told))) == expected


@pytest.mark.parametrize("path", ["/orders/..%2fhealth", "/a\\b", "/%00", "//health"])
async def test_no_named_user_gets_past_an_ambiguous_path(path: str) -> None:
    assert not outcome(await ask(a_call(path, "alice"))).startswith("PERMIT")


# --- a question ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"resource_properties_owner": "alice"}, "PERMIT"),
        ({"resource_properties": {"owner": "alice"}}, "PERMIT"),
        ({"resource_properties": '{"owner": "alice"}'}, "PERMIT"),
        ({"resource_properties_owner": "bob"}, "DENY policy-denied"),
        ({}, "INDETERMINATE attribute-missing"),
        ({"resource_properties_owner": None}, "INDETERMINATE attribute-missing"),
        ({"resource_properties_owner": ["alice"]}, "INDETERMINATE indeterminate"),
        ({"action_name": "can_fly"}, "NOT_APPLICABLE no-operation"),
        ({"resource_type": "plane"}, "NOT_APPLICABLE no-api-service"),
    ],
)
async def test_a_question_is_answered_by_the_operation_that_has_its_pair(
    parameters: dict[str, object], expected: str
) -> None:
    said = {name.replace("action_name", "action.name"): v for name, v in parameters.items()}
    assert outcome(await ask(a_question(**said), "todo")) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [(2, "PERMIT"), (3, "DENY policy-denied"), ("2", "INDETERMINATE indeterminate")],
)
async def test_a_value_keeps_its_json_type(size: object, expected: str) -> None:
    body = a_question(**{"action.name": "can_delete", "resource.properties.size": size})
    assert outcome(await ask(body, "todo")) == expected
    as_text = f'{{"size": {size!r}}}'.replace("'", '"')
    body = a_question(**{"action.name": "can_delete", "resource.properties": as_text})
    assert outcome(await ask(body, "todo")) == expected


async def test_a_question_without_a_user_is_not_accepted() -> None:
    body = a_question(None, resource_properties_owner="alice")
    assert outcome(await ask(body, "todo")) == "DENY subject-not-accepted"


async def test_a_question_for_another_endpoints_service_is_not_answered_here() -> None:
    body = a_question(resource_properties_owner="alice")
    assert outcome(await ask(body, "shop")) == "NOT_APPLICABLE no-api-service"


@pytest.mark.parametrize(("path", "expected"), [("/staff", "PERMIT"), ("/none", "no-operation")])
async def test_a_template_is_one_of_the_endpoints_service(path: str, expected: str) -> None:
    body = a_question(**{"action.name": "GET", "resource.type": "route", "resource.id": path})
    assert expected in outcome(await ask(body, "shop"))


async def test_each_question_of_a_bulk_request_is_judged_by_itself() -> None:
    body = a_bulk_request(
        {"parameters": {"resource.properties.owner": "alice"}},
        {
            "parameters": {"resource.properties.owner": "alice"},
            "userContext": {"user": {"id": "bob"}},
        },
        {"parameters": {"resource.properties.owner": "bob"}},
        {"parameters": {"action.name": "can_delete", "resource.properties": {"size": 1}}},
        {"parameters": {"action.name": "can_delete", "accessToken": "bob"}},
        {"parameters": {"resource.owner": "alice"}},
        user="alice",
        resource_type="todo",
        resource_id="1",
        action_name="can_read",
    )
    answer = await post(a_desk(), body, path=decision_path("todo"), headers=[BULK])
    assert check_decision_rules(answer) == []
    expected = ["PERMIT", "DENY", "DENY", "PERMIT", "DENY", "INDETERMINATE"]
    assert judgements(answer) == expected
