"""`unmatched: guards`: what no operation matches is for the guards to grant."""

import pytest

from deemster.model.decision import Decision, Effect, Reason
from tests.support.points import FakeUsers, Point, a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service

ELSEWHERE = "https://api.example.com/shop/elsewhere"
OPERATIONS = """\
operations:
  - {id: list, match: {methods: [GET], path: /items}, allow: {scopes: {any: [read]}}}
"""


def guards(*rules: str, combining: str = "deny-overrides") -> str:
    return f"guards:\n  - id: g\n    combiningAlgorithm: {combining}\n    rules:\n" + "".join(
        f"      - {rule}\n" for rule in rules
    )


ALICE = "{id: alice, effect: permit, when: \"claims.sub == 'alice'\"}"
BOB = "{id: bob, effect: deny, when: \"claims.sub == 'bob'\"}"
FAILING = "{id: tenant, effect: permit, when: \"claims.tenant == 'a'\"}"


def point_of(*rules: str, block: str = "unmatched: guards\n", **more: object) -> Point:
    schema = "schema: {claims: {tenant: {type: string}}}\n"
    tree = {"shop.yaml": a_service(schema + guards(*rules) + OPERATIONS, block=block)}
    people = {name: some_claims(name) for name in ("alice", "bob", "carol", "stranger")}
    users = FakeUsers({"alice": {}, "bob": {}, "carol": {}})
    return a_point(tree, tokens=people, users=users, **more)  # type: ignore[arg-type]


async def asked(point: Point, token: str | None = "alice", url: str = ELSEWHERE) -> Decision:
    return await point.point.decide(a_call(url=url, token=token), a_caller())


async def test_what_no_operation_matches_is_permitted_where_the_guards_permit() -> None:
    decision = await asked(point_of(ALICE, BOB))
    assert (decision.effect, decision.reason) == (Effect.PERMIT, Reason.PERMITTED)
    assert (decision.operation, decision.subject) == (None, "alice")
    assert decision.reads == ("claims.sub",)
    assert decision.deciding is not None
    assert decision.deciding.id_path == "shop/g/alice"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (None, Reason.TOKEN_MISSING),
        ("forged", Reason.TOKEN_SIGNATURE_INVALID),
        ("stranger", Reason.USER_UNKNOWN),
        ("bob", Reason.POLICY_DENIED),
        ("carol", Reason.NO_OPERATION),
    ],
)
async def test_everybody_else_is_denied(token: str | None, reason: Reason) -> None:
    decision = await asked(point_of(ALICE, BOB), token)
    assert (decision.effect, decision.reason) == (Effect.DENY, reason)


async def test_a_guard_in_error_grants_nothing() -> None:
    assert (await asked(point_of(FAILING))).reason is Reason.ATTRIBUTE_MISSING


async def test_guards_are_no_grant_where_an_operation_matches() -> None:
    decision = await asked(point_of(ALICE), url="https://api.example.com/shop/items")
    assert decision.reason is Reason.SCOPE_MISSING


async def test_without_the_word_nothing_is_granted() -> None:
    assert (await asked(point_of(ALICE, block=""))).reason is Reason.NO_OPERATION


async def test_the_path_must_be_one_that_all_read_alike() -> None:
    url = f"{ELSEWHERE}/a%2Fb"
    assert (await asked(point_of(ALICE), url=url)).reason is Reason.AMBIGUOUS_PATH
    opened = point_of(ALICE, block="unmatched: guards\npaths: {encodedSlash: data}\n")
    assert (await asked(opened, url=url)).reason is Reason.PERMITTED


async def test_a_preflight_for_what_no_operation_matches_needs_a_token() -> None:
    point = point_of("{id: all, effect: permit}", block="unmatched: guards\npreflight: allow\n")
    headers = (("origin", "https://app"), ("access-control-request-method", "GET"))
    call = a_call("OPTIONS", ELSEWHERE, headers=headers)
    assert (await point.point.decide(call, a_caller())).reason is Reason.TOKEN_MISSING
