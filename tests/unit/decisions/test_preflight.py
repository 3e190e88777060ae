"""`preflight: allow`: which OPTIONS calls are permitted without anybody's token."""

import pytest

from deemster.decisions.point import Deadlines
from deemster.model.decision import Decision, Effect, Reason
from tests.support.points import Point, a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service

ITEMS = "https://api.example.com/shop/items"
OPERATIONS = """\
operations:
  - id: list
    match: {methods: [GET, PUT], path: "/items"}
    allow: {scopes: {any: [read]}}
  - id: item
    match: {path: "/items/{id}"}
    allow: authenticated
  - id: options
    match: {methods: [OPTIONS, GET], path: "/own"}
    allow: authenticated
  - id: files
    match: {methods: [GET], path: "/files/{id}"}
    paths: {encodedSlash: data}
    allow: authenticated
"""
PREFLIGHT = (("origin", "https://app.example.com"), ("access-control-request-method", "GET"))


def point_of(guards: str = "", *, block: str = "preflight: allow\n", **more: object) -> Point:
    tree = {"shop.yaml": a_service(guards + OPERATIONS, block=block)}
    return a_point(tree, tokens={"t": some_claims(scopes="read")}, **more)  # type: ignore[arg-type]


async def asked(
    point: Point,
    url: str = ITEMS,
    headers: tuple[tuple[str, str], ...] = PREFLIGHT,
    *,
    method: str = "OPTIONS",
    token: str | None = None,
) -> Decision:
    call = a_call(method, url, headers=headers, token=token)
    return await point.point.decide(call, a_caller())


async def test_a_preflight_is_permitted_without_anybodys_identity() -> None:
    point = point_of()
    decision = await asked(point, token="t")
    assert (decision.effect, decision.reason) == (Effect.PERMIT, Reason.PERMITTED_PREFLIGHT)
    assert decision.operation == "list"
    assert (decision.subject, decision.token, decision.provider) == (None, None, None)
    assert (point.provider.asked, point.users.fetched) == ([], [])


async def test_the_service_decided_at_the_line_that_allows_preflights() -> None:
    decision = await asked(point_of())
    assert decision.deciding is not None
    assert (decision.deciding.id_path, decision.deciding.span.place) == ("shop", "shop.yaml:8")


async def test_without_the_word_options_is_a_method_like_any_other() -> None:
    for block in ("", "preflight: policy\n"):
        assert (await asked(point_of(block=block))).reason is Reason.TOKEN_MISSING


@pytest.mark.parametrize(
    "headers",
    [
        (),
        PREFLIGHT[:1],
        PREFLIGHT[1:],
        (*PREFLIGHT, PREFLIGHT[1]),
        (*PREFLIGHT, PREFLIGHT[0]),
        (PREFLIGHT[0], ("access-control-request-method", "GET, PUT")),
        (PREFLIGHT[0], ("access-control-request-method", "")),
        (PREFLIGHT[0], ("access-control-request-method", " GET")),
        (PREFLIGHT[0], ("access-control-request-method", "get")),
        (PREFLIGHT[0], ("access-control-request-method", "DELETE")),
    ],
    ids=lambda headers: repr([value for _, value in headers]),
)
async def test_what_is_no_preflight_is_asked_for_a_token(
    headers: tuple[tuple[str, str], ...],
) -> None:
    assert (await asked(point_of(), headers=headers)).reason is Reason.TOKEN_MISSING


@pytest.mark.parametrize("value", ["GET, PUT", "", "GE T"])
async def test_no_list_of_methods_asks_about_an_operation_for_every_method(value: str) -> None:
    headers = (PREFLIGHT[0], ("access-control-request-method", value))
    assert (await asked(point_of(), f"{ITEMS}/7", headers)).reason is Reason.TOKEN_MISSING


async def test_any_method_asks_about_an_operation_for_every_method() -> None:
    headers = (PREFLIGHT[0], ("access-control-request-method", "PURGE"))
    decision = await asked(point_of(), f"{ITEMS}/7", headers)
    assert (decision.reason, decision.operation) == (Reason.PERMITTED_PREFLIGHT, "item")


async def test_an_operation_that_lists_options_answers_on_its_own() -> None:
    url = "https://api.example.com/shop/own"
    assert (await asked(point_of(), url)).reason is Reason.TOKEN_MISSING
    decision = await asked(point_of(), url, token="t")
    assert (decision.reason, decision.subject) == (Reason.PERMITTED, "alice")


async def test_only_options_is_a_preflight() -> None:
    for method in ("GET", "PUT", "options", "HEAD", "POST"):
        decision = await asked(point_of(), method=method)
        assert decision.effect is Effect.DENY


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://api.example.com/shop/nothing", Reason.TOKEN_MISSING),
        ("https://api.example.com/shop/../items", Reason.AMBIGUOUS_PATH),
        ("https://api.example.com/shop//items", Reason.AMBIGUOUS_PATH),
        ("https://api.example.com/shop/items/a%2Fb", Reason.AMBIGUOUS_PATH),
        ("https://api.example.com/shop/files/a%2Fb", Reason.PERMITTED_PREFLIGHT),
        ("https://api.example.com/elsewhere", Reason.NO_API_SERVICE),
    ],
)
async def test_the_path_comes_first(url: str, reason: Reason) -> None:
    assert (await asked(point_of(), url)).reason is reason


def a_guard(rule: str, combining: str = "deny-overrides") -> str:
    return f"guards:\n  - {{id: g, combiningAlgorithm: {combining}, rules: [{rule}]}}\n"


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("{id: r, effect: deny, when: \"'https://app.example.com' in request.headers['origin']\"}",
         Reason.POLICY_DENIED),
        ("{id: r, effect: deny, when: \"'https://evil' in request.headers['origin']\"}",
         Reason.PERMITTED_PREFLIGHT),
        ("{id: r, effect: deny, when: \"request.method == 'GET'\"}", Reason.PERMITTED_PREFLIGHT),
        ("{id: r, effect: deny, when: \"request.ip == '10.0.0.1'\"}", Reason.ATTRIBUTE_MISSING),
        ("{id: r, effect: deny, when: \"claims.sub == 'alice'\"}", Reason.PERMITTED_PREFLIGHT),
        ("{id: r, effect: deny, when: \"has(user)\"}", Reason.PERMITTED_PREFLIGHT),
        ("{id: r, effect: deny}", Reason.POLICY_DENIED),
    ],
)  # fmt: skip
async def test_guards_that_read_no_identity_may_refuse(rule: str, reason: Reason) -> None:
    assert (await asked(point_of(a_guard(rule)))).reason is reason


async def test_a_refusing_guard_is_named_with_its_words() -> None:
    rule = "{id: r, effect: deny, deniedReason: {code: no.cors, message: No.}}"
    decision = await asked(point_of(a_guard(rule)))
    assert decision.denied_reason is not None
    assert decision.denied_reason.code == "no.cors"
    assert decision.deciding is not None
    assert decision.deciding.id_path == "shop/g/r"


async def test_the_guards_of_the_operation_that_is_asked_about_apply() -> None:
    own = (
        "operations:\n  - id: list\n    match: {methods: [GET], path: /items}\n"
        "    allow: authenticated\n    guards:\n"
        "      - id: g\n        combiningAlgorithm: deny-overrides\n"
        "        rules: [{id: r, effect: deny}]\n"
    )
    point = a_point({"shop.yaml": a_service(own, block="preflight: allow\n")})
    assert (await asked(point)).reason is Reason.POLICY_DENIED


async def test_a_guard_that_exempts_a_public_operation_exempts_its_preflight() -> None:
    public = (
        "guards:\n  - {id: g, exempt: [list], combiningAlgorithm: deny-overrides,"
        " rules: [{id: r, effect: deny}]}\n"
        "operations:\n  - {id: list, match: {methods: [GET], path: /items}, allow: public}\n"
    )
    point = a_point({"shop.yaml": a_service(public, block="preflight: allow\n")})
    assert (await asked(point)).reason is Reason.PERMITTED_PREFLIGHT


async def test_a_preflight_that_comes_too_late_is_denied() -> None:
    point = point_of(deadlines=Deadlines(decision=-1.0))
    assert (await asked(point)).reason is Reason.DEADLINE_EXCEEDED


async def test_a_refused_call_is_no_preflight() -> None:
    call = a_call("OPTIONS", ITEMS, headers=PREFLIGHT, refusal=Reason.RESERVED_HEADER)
    decision = await point_of().point.decide(call, a_caller())
    assert decision.reason is Reason.RESERVED_HEADER


async def test_the_record_lists_what_the_guards_read_and_not_the_grant() -> None:
    rule = "{id: r, effect: deny, when: \"request.host == 'x'\"}"
    assert (await asked(point_of(a_guard(rule)))).reads == ("request.host",)
