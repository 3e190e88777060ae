"""A permit stands only with its obligations, also with those that an error keeps out of sight."""

import pytest
from msgspec.structs import replace

from deemster.model.decision import Reason
from tests.support.points import a_call, a_caller, a_point, some_claims
from tests.support.policy_texts import indented
from tests.support.policy_trees import a_service, an_operation

DECLARED = """\
schema:
  claims: {odd: {type: int}}
statements:
  mask: {code: exclude-attributes, appliesTo: permit, obligatory: true, payload: ["$.iban"]}
"""
MASKED = "{id: masked, effect: permit, attach: [mask]}"
DENIES = '{id: denies, effect: deny, when: "claims.odd == 1"}'
FIRST = f"""\
- policy:
    id: first
    combiningAlgorithm: first-applicable
    rules:
      - {DENIES}
      - {MASKED}
"""


def nested(children: str, *algorithms: str) -> str:
    for number, algorithm in enumerate(algorithms):
        children = (
            f"- policy:\n    id: inner-{number}\n    combiningAlgorithm: {algorithm}\n"
            f"    children:\n{indented(children, 6)}"
        )
    return children


async def answer(children: str, odd: object) -> tuple[bool, Reason, list[str]]:
    """Of an operation that permits in any case; the children may add a mask."""
    policies = (
        "policies:\n  - id: all\n    combiningAlgorithm: permit-overrides\n    children:\n"
        "      - rule: {id: anybody, effect: permit}\n" + indented(children, 6)
    )
    claims = some_claims(None) if odd is None else some_claims(None, odd=odd)
    made = a_point(
        {"shop.yaml": a_service(DECLARED + an_operation(policies))},
        tokens={"t": claims},
    )
    call = a_call(url="https://api.example.com/shop/items", token="t")
    decision = await made.point.decide(replace(call, possible={"exclude-attributes"}), a_caller())
    return decision.permitted, decision.reason, [one.id for one in decision.statements]


@pytest.mark.parametrize(
    "children",
    [
        FIRST,
        # The error might have been a deny: that says nothing of the permit behind it.
        nested(FIRST, "deny-overrides"),
        nested(FIRST, "deny-overrides", "only-one-applicable", "permit-overrides"),
        nested(f"- rule: {MASKED}\n- rule: {DENIES}\n", "deny-overrides"),
    ],
)
async def test_an_error_does_not_take_an_obligation_away(children: str) -> None:
    assert await answer(children, odd=2) == (True, Reason.PERMITTED, ["mask"])
    assert await answer(children, odd=None) == (False, Reason.STATEMENT_NOT_POSSIBLE, [])
    assert await answer(children, odd="a") == (False, Reason.STATEMENT_NOT_POSSIBLE, [])


async def test_a_node_that_speaks_only_in_error_is_heard() -> None:
    statement = (
        "schema: {claims: {odd: {type: int}}}\n"
        "statements:\n  alarm: {code: notify, appliesTo: indeterminate, payload: {}}\n"
    )
    policies = (
        "policies:\n  - id: all\n    combiningAlgorithm: deny-overrides\n    attach: [alarm]\n"
        '    rules:\n      - {id: odd, effect: permit, when: "claims.odd == 1"}\n'
    )
    made = a_point(
        {"shop.yaml": a_service(statement + an_operation(policies))},
        tokens={"t": some_claims(None)},
    )
    call = a_call(url="https://api.example.com/shop/items", token="t")
    decision = await made.point.decide(replace(call, possible={"notify"}), a_caller())
    assert decision.reason is Reason.ATTRIBUTE_MISSING
    assert [one.id for one in decision.statements] == ["alarm"]


async def test_what_denies_all_the_same_would_carry_no_mask() -> None:
    children = nested(f"{FIRST}- rule: {{id: always, effect: deny}}\n", "deny-overrides")
    assert await answer(children, odd=None) == (True, Reason.PERMITTED, [])
