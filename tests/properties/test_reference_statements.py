"""The reference's own statements do what section 8 of the language page says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.reference.declared import Declared, Placed, Scope, Statement
from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.shape import (
    Allow,
    Answer,
    Bug,
    Call,
    Denied,
    Expression,
    Operation,
    PolicySet,
    Rule,
    Service,
    StatementName,
    Token,
    Tree,
    Value,
)

TRUE: Expression = ("literal", True)
ERROR: Expression = ("claim", "missing")
SAY: tuple[StatementName, ...] = ((None, "say"),)
PERMITS, DENIES, FAILS = Rule("p", "permit"), Rule("d", "deny"), Rule("i", "permit", ERROR)


def carrying(rule: Rule) -> Rule:
    return replace(rule, id=f"{rule.id}-says", attach=SAY)


def policy(combining: str, *children: Rule | PolicySet, name: str = "all") -> PolicySet:
    return PolicySet(name, combining, children)


def answer(
    node: PolicySet,
    applies_to: str = "permit",
    *,
    allow: Allow | None = None,
    attach: Sequence[StatementName] = (),
    more: Sequence[Statement] = (),
    bug: str | None = None,
    call: Call | None = None,
    **statement: Value,
) -> Answer:
    """To one call on an operation with one policy; the statement `say` is a notice."""
    words = {"code": "notify", "payload": {}, **statement}
    schema = (Declared("claims", "missing", "bool"), Declared("claims", "name", "string"))
    said = {"say": Statement("say", applies_to=applies_to, **words)}
    said |= {other.name: other for other in more}
    operation = Operation(
        "read", None, ((("literal", "a"),),), policies=(node,), allow=allow, attach=tuple(attach)
    )
    service = Service(
        "demo", ("https://api.example.com",), True, (operation,),
        Scope(schema=schema, statements=said),
    )  # fmt: skip
    token = Token({"name": "o'brien"})
    called = call or Call("GET", "https://api.example.com/a", 0.0, token=token)
    return ReferenceEvaluator(Tree({"s.yaml": service}), bug=bug).answer(called)


def said(found: Answer) -> list[str]:
    return [statement.id for statement in found.statements]


@pytest.mark.parametrize(
    ("rule", "applies_to", "is_said"),
    [
        (PERMITS, "permit", True),
        (PERMITS, "deny", False),
        (PERMITS, "permit-or-deny", True),
        (PERMITS, "indeterminate", False),
        (PERMITS, "anything", True),
        (DENIES, "permit", False),
        (DENIES, "deny", True),
        (DENIES, "anything", True),
        (FAILS, "permit", False),
        (FAILS, "deny", False),
        (FAILS, "permit-or-deny", False),
        (FAILS, "indeterminate", True),
        (FAILS, "anything", True),
        (Rule("n", "permit", ("not", TRUE)), "anything", False),
    ],
)
def test_which_effect_counts(rule: Rule, applies_to: str, *, is_said: bool) -> None:
    assert said(answer(policy("deny-overrides", carrying(rule)), applies_to)) == ["say"] * is_said


def test_every_node_above_must_agree_unless_the_path_alone_counts() -> None:
    node = policy("permit-overrides", carrying(DENIES), PERMITS)
    assert said(answer(node, "deny")) == []
    assert said(answer(node, "deny", path_matches=True)) == ["say"]


def test_order_loses_no_statement() -> None:
    for children in ((PERMITS, carrying(PERMITS)), (carrying(PERMITS), PERMITS)):
        assert said(answer(policy("permit-overrides", *children))) == ["say"]
    assert said(answer(policy("first-applicable", PERMITS, carrying(PERMITS)))) == []
    node = policy("permit-overrides", PERMITS, carrying(PERMITS))
    assert said(answer(node, bug=Bug.STATEMENT_LOST)) == []


def test_one_is_carried_once_at_the_first_of_its_nodes() -> None:
    node = policy("deny-overrides", carrying(PERMITS), carrying(replace(PERMITS, id="q")))
    other = Statement("more", "notify", "permit", {})
    assert said(answer(node, attach=((None, "more"), *SAY), more=[other])) == ["say", "more"]


def test_a_permit_without_its_obligation_is_none() -> None:
    node = policy("deny-overrides", carrying(PERMITS))
    fails: dict[str, Value] = {"payload": {"who": Placed((("claim", "missing"),))}}
    assert answer(node, **fails).permit
    assert said(answer(node, **fails)) == []
    refused = answer(node, obligatory=True, **fails)
    assert (refused.permit, refused.reason) == (False, "statement-not-possible")
    assert answer(node, obligatory=True, bug=Bug.OBLIGATION_IGNORED, **fails).permit


def test_what_the_protocol_cannot_carry_out_is_not_possible() -> None:
    node = policy("deny-overrides", carrying(PERMITS))
    token = Token({"name": "x"})
    call = Call(
        "GET", "https://api.example.com/a", 0.0, token=token, possible=frozenset({"modify-headers"})
    )
    assert said(answer(node, call=call)) == []
    assert answer(node, call=call).permit
    assert answer(node, call=call, obligatory=True).reason == "statement-not-possible"


DOUBTFUL = [
    # An error hides whether the mask has to be there: P beside IP is P.
    policy("deny-overrides", PERMITS, carrying(FAILS)),
    policy("permit-overrides", PERMITS, carrying(FAILS)),
    policy(
        "permit-overrides",
        PERMITS,
        PolicySet("target", "deny-overrides", (carrying(PERMITS),), ERROR),
    ),
    # A rule that first-applicable did not come to.
    policy(
        "permit-overrides",
        PERMITS,
        policy("first-applicable", FAILS, carrying(replace(PERMITS, id="q")), name="first"),
    ),
    # Even where what is in error could have denied.
    policy(
        "permit-overrides",
        PERMITS,
        policy(
            "deny-overrides",
            policy("first-applicable", replace(DENIES, when=ERROR), carrying(PERMITS), name="one"),
            name="two",
        ),
    ),
]


@pytest.mark.parametrize("node", DOUBTFUL)
def test_an_error_does_not_hide_an_obligation(node: PolicySet) -> None:
    assert answer(node).permit
    assert answer(node, obligatory=True).reason == "statement-not-possible"
    assert answer(node, obligatory=True, bug=Bug.DOUBT_IGNORED).permit


@pytest.mark.parametrize(
    "node",
    [
        policy("permit-overrides", PERMITS, carrying(Rule("n", "permit", ("not", TRUE)))),
        policy("permit-overrides", PERMITS, replace(carrying(FAILS), enabled=False)),
        policy("first-applicable", PERMITS, carrying(FAILS)),
        # A node above that denies all the same.
        policy(
            "permit-overrides",
            PERMITS,
            policy("deny-overrides", DENIES, carrying(FAILS), name="no"),
        ),
    ],
)
def test_what_certainly_does_not_apply_is_no_obligation(node: PolicySet) -> None:
    assert answer(node, obligatory=True).permit


HEADERS: dict[str, Value] = {"code": "modify-headers", "payload": {"X-Tier": "gold"}}


@pytest.mark.parametrize(
    ("payload", "is_permit"),
    [({"x-tier": "gold"}, True), ({"x-tier": ("gold",)}, True), ({"x-tier": "silver"}, False),
     ({"x-tier": None}, False), ({"x-note": "silver"}, True)],
)  # fmt: skip
def test_two_values_for_one_header_are_not_possible(payload: Value, *, is_permit: bool) -> None:
    other = Statement("more", "modify-headers", "permit", payload)
    node = policy("deny-overrides", carrying(PERMITS))
    found = answer(node, attach=((None, "more"),), more=[other], **HEADERS)
    assert found.permit == is_permit


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        (Placed((("claim", "name"),)), '"o\'brien"'),
        (Placed(("for ", ("claim", "name"), "!")), '"for o\'brien!"'),
        (Placed((("request", "time"),)), '"1970-01-01T00:00:00Z"'),
        (("a", Placed((("request", "method"),))), '["a", "GET"]'),
    ],
)
def test_values_in_texts(text: Value, payload: str) -> None:
    [found] = answer(policy("deny-overrides", carrying(PERMITS)), payload=text).statements
    assert found.payload == payload


def test_a_value_that_no_header_can_hold() -> None:
    node = policy("deny-overrides", carrying(PERMITS))
    for text in ("a\r\nset-cookie: b", "é", " a"):
        call = Call("GET", "https://api.example.com/a", 0.0, token=Token({"name": text}))
        payload = {"x-name": Placed((("claim", "name"),))}
        found = answer(node, code="modify-headers", payload=payload, call=call, obligatory=True)
        assert found.reason == "statement-not-possible"


def test_the_first_words_speak_and_otherwise_stands_between_guards_and_policies() -> None:
    node = policy("deny-overrides", replace(DENIES, denied=Denied("own", 404)))
    assert (answer(node).denied_code, answer(node).status) == ("own", 404)
    words = Statement("more", "denied-reason", "deny", {"code": "more", "message": "m"})
    found = answer(node, attach=((None, "more"),), more=[words])
    assert found.denied_code == "own"
    found = answer(policy("deny-overrides", DENIES), attach=((None, "more"),), more=[words])
    assert found.denied_code == "more"


def test_a_challenge_goes_with_a_deny() -> None:
    payload = {"acr_values": ("hwk", "mfa"), "max_age": 300}
    node = policy("deny-overrides", carrying(DENIES))
    found = answer(node, "deny", code="auth-challenge", payload=payload)
    assert (found.reason, found.challenge) == ("policy-denied", ("hwk mfa", 300))


@pytest.mark.parametrize(
    ("children", "outcome"),
    [
        ((PERMITS, FAILS), {"IDP"}),
        ((FAILS,), {"IDP"}),
        ((PERMITS, DENIES, FAILS), {"D"}),
        ((PERMITS,), {"P"}),
    ],
)
def test_simple_indeterminates(children: tuple[Rule, ...], outcome: set[str]) -> None:
    node = replace(policy("deny-overrides", *children), simple=True)
    operation = Operation("read", None, ((("literal", "a"),),), policies=(node,))
    scope = Scope(schema=(Declared("claims", "missing", "bool"),))
    service = Service("demo", ("https://api.example.com",), True, (operation,), scope)
    reference = ReferenceEvaluator(Tree({"s.yaml": service}))
    reference.answer(Call("GET", "https://api.example.com/a", 0.0, token=Token()))
    assert reference.judged["demo/read/all"] == outcome


def test_payloads_are_compared_as_json() -> None:
    [found] = answer(
        policy("deny-overrides", carrying(PERMITS)), payload={"b": 1, "a": ()}
    ).statements
    assert json.loads(found.payload) == {"a": [], "b": 1}
    assert found.payload == '{"a": [], "b": 1}'
