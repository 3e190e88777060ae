"""The upstream's answer: policies over it can only refuse, and nothing of the caller is guessed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from deemster.decisions.response_phase import NOTHING_KEPT, RequestState
from deemster.errors import MalformedCallError
from deemster.model.decision import Decision, Statement
from deemster.model.http import (
    EVERY_STATEMENT,
    HEADERS_NOT_KNOWN,
    ApiCall,
    ApiResponse,
    Headers,
    Phase,
)
from deemster.model.identity import UserContext
from tests.support.points import FakeUsers, a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service, an_operation, told

REFUSED = "statement-not-possible"
URL = "https://api.example.com/shop/items"
JSON = (("content-type", "application/json"),)


def over_answers(*rules: str, combining: str = "deny-overrides", more: str = "") -> str:
    written = "".join(f"          - {rule}\n" for rule in rules)
    return (
        f"response:\n  policies:\n    - id: seen\n      combiningAlgorithm: {combining}\n"
        f"{more}      rules:\n{written}"
    )


def a_tree(*rules: str, combining: str = "deny-overrides", before: str = "") -> dict[str, str]:
    snippet = f"allow: authenticated\n{over_answers(*rules, combining=combining)}"
    return {"shop.yaml": a_service(before + an_operation(snippet))}


def an_answer(
    status: int = 200,
    body: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    *,
    method: str = "GET",
    url: str = URL,
) -> ApiCall:
    return ApiCall(
        method=method,
        url=url,
        headers=HEADERS_NOT_KNOWN,
        phase=Phase.RESPONSE,
        response=ApiResponse(status, Headers(headers), body),
        possible=EVERY_STATEMENT,
    )


async def decided(
    tree: Mapping[str, str], call: ApiCall, state: RequestState = NOTHING_KEPT, **caller: object
) -> Decision:
    point = a_point(tree)
    decision = await point.point.decide_response(call, a_caller(**caller), state)
    assert point.faults == []
    return decision


@pytest.mark.parametrize(
    ("rule", "status", "reason"),
    [
        ('{id: r, effect: deny, when: "response.status >= 500"}', 503, "policy-denied"),
        ('{id: r, effect: deny, when: "response.status >= 500"}', 404, "permitted"),
        ("{id: r, effect: deny, when: \"'no' in response.headers['x-ok']\"}", 200, "policy-denied"),
        ("{id: r, effect: deny, when: \"size(response.headers['x-no']) > 0\"}", 200, "permitted"),
        ('{id: r, effect: permit, when: "response.status == 1 + 199"}', 204, "permitted"),
        ('{id: r, effect: deny, when: "has(response.status)"}', 200, "policy-denied"),
        ("{id: r, effect: deny, when: \"request.method == 'GET'\"}", 200, "policy-denied"),
        ("{id: r, effect: deny, when: \"request.relativePath == '/items'\"}", 200, "policy-denied"),
        ("{id: r, effect: deny, when: \"'1' in request.query['a']\"}", 200, "policy-denied"),
    ],
)
async def test_what_no_policy_refuses_passes(rule: str, status: int, reason: str) -> None:
    call = an_answer(status, headers=(("x-ok", "yes"), ("x-ok", "no")), url=f"{URL}?a=1")
    decision = await decided(a_tree(rule), call)
    assert decision.reason == reason
    assert decision.permitted is (reason == "permitted")
    if not decision.permitted:
        assert decision.deciding is not None
        assert decision.deciding.id_path == "shop/read/response/seen/r"


@pytest.mark.parametrize(
    "name",
    ["claims.sub == 'a'", "has(claims.sub)", "user.id == 'a'", "has(user)", "has(user.id)",
     "'x' in user.groups", "params.id == 'x'", "'x' in request.headers['a']",
     "request.ip == 'x'", "has(request.ip)", "has(request.certificate)",
     "request.certificate.subject == 'x'", "'a' in claims.scope"],
)  # fmt: skip
@pytest.mark.parametrize("negated", [False, True], ids=["", "not"])
async def test_what_nobody_kept_of_the_request_is_an_error_and_never_absent_or_false(
    name: str, negated: bool
) -> None:
    condition = f"!({name})" if negated else name
    tree = a_tree(f'{{id: r, effect: deny, when: "{condition}"}}')
    tree["shop.yaml"] = tree["shop.yaml"].replace('path: "/items"', 'path: "/{id}"')
    decision = await decided(tree, an_answer())
    assert (decision.permitted, decision.reason) == (False, "attribute-missing")


async def test_a_policy_that_may_be_in_error_without_state_cannot_permit_unless_it_denies() -> None:
    rule = '{id: r, effect: deny, when: "has(user)"}'
    found = told(a_tree(rule, combining="permit-unless-deny"))
    assert [finding.partition(":")[0] for finding in found] == ["fail-open-combining"]


async def test_the_state_of_the_request_is_read_where_it_was_kept() -> None:
    tree = a_tree(
        "{id: r, effect: deny, when: \"claims.sub == 'alice' && user.id == 'alice' && "
        "params.id == 'x'\"}"
    )
    tree["shop.yaml"] = tree["shop.yaml"].replace('path: "/items"', 'path: "/{id}"')
    state = RequestState(claims=some_claims(), user=UserContext(id="alice"), params={"id": "x"})
    assert (await decided(tree, an_answer(), state)).reason == "policy-denied"


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        ('{"iban": "DE"}', JSON, "policy-denied"),
        ("{}", JSON, "permitted"),
        ("", (), "permitted"),
        ('{"iban": "DE"}', (), "body-unavailable"),
        ('{"iban": 5}', JSON, "indeterminate"),
        (None, JSON, "body-unavailable"),
    ],
)
async def test_a_body_attribute_is_a_part_of_the_answer(
    body: str | None, headers: tuple[tuple[str, str], ...], reason: str
) -> None:
    attribute = 'attributes: {iban: {type: string, optional: true, source: {body: "$.iban"}}}\n'
    tree = a_tree('{id: r, effect: deny, when: "has(attr.iban)"}', before=attribute)
    assert (await decided(tree, an_answer(200, body, headers))).reason == reason


async def test_a_header_attribute_is_one_of_the_answer() -> None:
    attribute = "attributes: {tag: {type: string, optional: true, source: {header: x-tag}}}\n"
    tree = a_tree("{id: r, effect: deny, when: \"attr.tag == 'secret'\"}", before=attribute)
    secret = an_answer(headers=(("x-tag", "secret"),))
    assert (await decided(tree, secret)).reason == "policy-denied"


# --- which answers --------------------------------------------------------------------------------

REFUSING = '{id: r, effect: deny, when: "response.status == 500"}'


@pytest.mark.parametrize(
    ("method", "url", "looked_at", "reason"),
    [
        ("GET", URL, True, "permitted"),
        ("POST", URL, True, "no-operation"),
        ("GET", "https://api.example.com/shop/other", True, "no-operation"),
        ("GET", "https://api.example.com/elsewhere", True, "no-api-service"),
        ("GET", f"{URL}/%2e%2e/x", True, "ambiguous-path"),
        ("GET", "https://api.example.com/plain/items", False, "permitted"),
    ],
)
async def test_an_answer_to_a_call_that_cannot_have_been_permitted_is_refused(
    method: str, url: str, looked_at: bool, reason: str
) -> None:
    tree = a_tree(REFUSING)
    tree["plain.yaml"] = a_service(an_operation(), id="plain", url="https://api.example.com/plain")
    point = a_point(tree)
    call = an_answer(method=method, url=url)
    assert point.point.looks_at_answer(call, a_caller()) is looked_at
    assert (await point.point.decide_response(call, a_caller())).reason == reason


async def test_without_policies_over_answers_none_is_looked_at() -> None:
    point = a_point({"shop.yaml": a_service(an_operation())})
    for url in (URL, "https://api.example.com/elsewhere", f"{URL}/%2e%2e/x"):
        assert not point.point.looks_at_answer(an_answer(url=url), a_caller())


async def test_services_of_another_gateway_are_nobodys_business() -> None:
    point = a_point(a_tree(REFUSING))
    other = a_caller(api_services=frozenset({"plain"}))
    assert not point.point.looks_at_answer(an_answer(), other)
    assert (await point.point.decide_response(an_answer(), other)).reason == "no-api-service"


async def test_a_url_that_is_none_is_no_call() -> None:
    point = a_point(a_tree(REFUSING))
    with pytest.raises(MalformedCallError):
        point.point.looks_at_answer(an_answer(url="nowhere"), a_caller())


async def test_before_policies_are_loaded_every_answer_is_looked_at_and_refused() -> None:
    point = a_point(None)
    assert point.point.looks_at_answer(an_answer(), a_caller())
    assert (await point.point.decide_response(an_answer(), a_caller())).reason == "internal-error"


@pytest.mark.parametrize(
    ("block", "method", "reason"),
    [
        ("preflight: allow", "OPTIONS", "policy-denied"),
        ("preflight: allow", "PUT", "no-operation"),
        ("unmatched: guards", "PUT", "policy-denied"),
        ("", "OPTIONS", "no-operation"),
    ],
)
async def test_answers_to_what_matched_no_operation_are_the_services_business(
    block: str, method: str, reason: str
) -> None:
    guard = (
        "guards:\n  - {id: g, combiningAlgorithm: deny-unless-permit, rules: "
        "[{id: yes, effect: permit}]}\n"
    )
    service = over_answers("{id: r, effect: deny}")
    body = f"{guard}{service}{an_operation()}"
    tree = {"shop.yaml": a_service(body, block=block)}
    assert (await decided(tree, an_answer(method=method))).reason == reason


async def test_the_services_policies_and_the_operations_fold_by_deny_overrides() -> None:
    service = over_answers('{id: s, effect: deny, when: "response.status == 201"}')
    operation = an_operation(
        "allow: authenticated\n"
        + over_answers('{id: o, effect: deny, when: "response.status == 202"}')
    )
    tree = {"shop.yaml": a_service(service + operation)}
    found = {}
    for status in (200, 201, 202):
        decision = await decided(tree, an_answer(status))
        found[status] = decision.deciding.id_path if decision.deciding is not None else None
    assert found == {
        200: "shop/read/response",
        201: "shop/response/seen/s",
        202: "shop/read/response/seen/o",
    }


async def test_a_public_operation_is_exempt_by_name_from_policies_that_name_the_caller() -> None:
    policy = over_answers("{id: r, effect: deny, when: \"claims.sub == 'x'\"}")
    exempt = policy.replace("      rules:", "      exempt: [read]\n      rules:")
    tree = {"shop.yaml": a_service(exempt + an_operation("allow: public"))}
    point = a_point(tree)
    assert not point.point.looks_at_answer(an_answer(), a_caller())


# --- statements and both phases -------------------------------------------------------------------

STATEMENTS = (
    "statements:\n"
    '  mask: {code: exclude-attributes, appliesTo: permit, obligatory: true, payload: ["$.a"]}\n'
    '  also: {code: exclude-attributes, appliesTo: permit, payload: ["$.b"]}\n'
    "  tag: {code: modify-headers, appliesTo: permit, payload: {x-tag: a}}\n"
    "  tell: {code: modify-headers, appliesTo: permit, "
    'payload: {x-status: "${response.status}"}}\n'
)


def with_statements() -> dict[str, str]:
    more = "      attach: [also, tell]\n"
    snippet = "allow: authenticated\nattach: [mask, tag]\n" + over_answers(
        REFUSING, "{id: fine, effect: permit}", more=more
    )
    return {"shop.yaml": a_service(STATEMENTS + an_operation(snippet))}


async def exchanged(tree: Mapping[str, str], response: ApiResponse, **more: object) -> Decision:
    point = a_point(
        tree, tokens={"t": some_claims()}, users=FakeUsers({"alice": {"groups": ["x"]}})
    )
    call = a_call("GET", URL, token="t", **({"possible": EVERY_STATEMENT} | more))
    decision = await point.point.decide_exchange(call, response, a_caller())
    assert point.faults == []
    return decision


async def test_body_statements_of_the_request_are_carried_to_its_answer() -> None:
    decision = await exchanged(with_statements(), ApiResponse(204, Headers(())))
    assert [(one.id, one.payload) for one in decision.statements] == [
        ("mask", ["$.a"]), ("also", ["$.b"]), ("tell", {"x-status": "204"}),
    ]  # fmt: skip


async def test_a_refused_answer_carries_none_of_them() -> None:
    decision = await exchanged(with_statements(), ApiResponse(500, Headers(())))
    assert (decision.reason, decision.statements) == ("policy-denied", ())


async def test_a_kept_mask_that_cannot_be_carried_out_on_the_answer_refuses_it() -> None:
    mask = Statement(id="mask", code="exclude-attributes", payload=["$.a"], obligatory=True)
    state = RequestState(statements=(mask,))
    call = an_answer()
    assert (await decided(with_statements(), call, state)).permitted
    for possible in (frozenset[str](), frozenset({"modify-headers"})):
        refused = await decided(with_statements(), replace(call, possible=possible), state)
        assert refused.reason == "statement-not-possible"


async def test_a_call_that_is_refused_has_no_answer() -> None:
    decision = await exchanged(
        with_statements(), ApiResponse(200, Headers(())), possible=frozenset()
    )
    assert decision.reason == "statement-not-possible"


async def test_a_whole_exchange_knows_its_caller_in_both_phases() -> None:
    rule = "{id: r, effect: deny, when: \"'x' in user.groups && claims.sub == 'alice'\"}"
    decision = await exchanged(a_tree(rule), ApiResponse(200, Headers(())))
    assert decision.reason == "policy-denied"
    assert decision.subject == "alice"


# --- gateways that show no answers ----------------------------------------------------------------


@pytest.mark.parametrize(("shows", "reason"), [(True, "permitted"), (False, REFUSED)])
async def test_a_call_whose_answer_nobody_would_show_is_not_permitted(
    shows: bool, reason: str
) -> None:
    point = a_point(a_tree(REFUSING), tokens={"t": some_claims()})
    call = a_call("GET", URL, token="t", shows_answer=shows)
    assert (await point.point.decide(call, a_caller())).reason == reason


async def test_where_only_a_mask_may_be_due_it_depends_on_whether_it_is() -> None:
    mask = "{code: exclude-attributes, appliesTo: permit, obligatory: true, payload: [$.a]}"
    rules = (
        "[{id: r, effect: permit, when: \"size(request.headers['x-all']) > 0\", attach: [mask]}]"
    )
    policies = (
        "policies:\n  - id: p\n    combiningAlgorithm: permit-overrides\n"
        f"    rules: {rules.replace(']}]', ']}, {id: s, effect: permit}]')}\n"
    )
    snippet = f"allow: authenticated\n{policies}"
    tree = {"shop.yaml": a_service(f"statements: {{mask: {mask}}}\n" + an_operation(snippet))}
    point = a_point(tree, tokens={"t": some_claims()})
    call = a_call("GET", URL, token="t", shows_answer=False)
    masked = a_call("GET", URL, token="t", shows_answer=False, headers=(("x-all", "1"),))
    assert (await point.point.decide(call, a_caller())).permitted
    assert (await point.point.decide(masked, a_caller())).reason == REFUSED


async def test_a_preflight_and_a_call_that_nothing_matches_are_looked_at_by_the_service() -> None:
    guard = (
        "guards:\n  - id: g\n    combiningAlgorithm: deny-overrides\n"
        "    rules: [{id: p, effect: permit}]\n"
    )
    text = a_service(
        guard + over_answers(REFUSING) + an_operation(),
        block="unmatched: guards\npreflight: allow\n",
    )
    point = a_point({"shop.yaml": text}, tokens={"t": some_claims()})
    for method, url in (("GET", f"{URL}/else"), ("OPTIONS", URL)):
        call = a_call(
            method, url, token="t",
            headers=(("origin", "https://a"), ("access-control-request-method", "GET")),
        )  # fmt: skip
        assert (await point.point.decide(call, a_caller())).permitted
        refused = await point.point.decide(replace(call, shows_answer=False), a_caller())
        assert refused.reason == REFUSED
