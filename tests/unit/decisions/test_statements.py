"""Statements in whole decisions: which apply, what they are made of, and what becomes of them."""

from __future__ import annotations

from collections.abc import Container, Mapping

import pytest
from msgspec.structs import replace

from deemster.model.decision import Decision, DeniedReason
from deemster.model.http import EVERY_STATEMENT
from deemster.model.identity import VerifiedClaims
from tests.support.points import FakeUsers, a_call, a_caller, a_point, some_claims
from tests.support.policy_texts import indented
from tests.support.policy_trees import a_service, an_operation

CLAIMS = """\
schema:
  claims:
    tenant: {type: string, optional: true}
    level: {type: int, optional: true}
    vip: {type: bool, optional: true}
    since: {type: timestamp, optional: true}
"""
PERMITTING = "{id: yes, effect: permit}"


def a_tree(statements: str, snippet: str, *, service: str = "") -> dict[str, str]:
    """One operation; `statements` are entries, one a line."""
    body = f"{CLAIMS}{service}statements:\n{indented(statements, 2)}{an_operation(snippet)}"
    return {"shop.yaml": a_service(body)}


async def decided(
    tree: Mapping[str, str],
    claims: VerifiedClaims | None = None,
    *,
    possible: Container[str] = EVERY_STATEMENT,
    users: FakeUsers | None = None,
    method: str = "GET",
) -> Decision:
    point = a_point(tree, tokens={"t": claims or some_claims()}, users=users)
    call = a_call(method, "https://api.example.com/shop/items", token="t", possible=possible)
    decision = await point.point.decide(call, a_caller())
    assert point.faults == []
    return decision


def ids(decision: Decision) -> list[str]:
    return [statement.id for statement in decision.statements]


def payload(decision: Decision, id: str) -> object:
    return next(one.payload for one in decision.statements if one.id == id)


def policies(*rules: str, combining: str = "deny-overrides", more: str = "") -> str:
    written = "".join(f"      - {rule}\n" for rule in rules)
    return f"policies:\n  - id: p\n    combiningAlgorithm: {combining}\n{more}    rules:\n{written}"


# --- what they are made of ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${claims.tenant}", "acme"),
        ("t-${claims.tenant}-${claims.level}", "t-acme-7"),
        ("${claims.level}", 7),
        ("${claims.vip}", True),
        ("is ${claims.vip}", "is true"),
        ("${claims.since}", "2026-11-23T09:00:00Z"),
        ("${request.method} ${params.id}", "GET x"),
        ("${LIMIT}", 5),
        ("${rich}", False),
        ("$${claims.tenant}", "${claims.tenant}"),
    ],
)
async def test_a_value_stands_where_its_name_was(written: str, expected: object) -> None:
    tree = a_tree(
        f'tell: {{code: tell, appliesTo: permit, payload: {{value: "{written}"}}}}\n',
        "allow: authenticated\nattach: [tell]",
        service='constants: {LIMIT: 5}\nconditions: {rich: "claims.level == 9"}\n',
    )
    tree["shop.yaml"] = tree["shop.yaml"].replace('path: "/items"', 'path: "/{id}"')
    claims = some_claims(tenant="acme", level=7, vip=True, since=1795424400)
    point = a_point(tree, tokens={"t": claims})
    call = a_call("GET", "https://api.example.com/shop/x", token="t", possible=EVERY_STATEMENT)
    decision = await point.point.decide(call, a_caller())
    assert payload(decision, "tell") == {"value": expected}


async def test_a_part_of_a_second_is_told_as_far_as_it_goes() -> None:
    tree = a_tree(
        'tell: {code: tell, appliesTo: permit, payload: ["${claims.since}"]}\n',
        "allow: authenticated\nattach: [tell]",
    )
    decision = await decided(tree, some_claims(since=1795424400.25))
    assert payload(decision, "tell") == ["2026-11-23T09:00:00.25Z"]


async def test_values_are_fetched_for_a_statement_that_applies_and_for_no_other() -> None:
    tree = a_tree(
        'who: {code: tell, appliesTo: permit, payload: ["${user.level}"]}\n',
        policies(
            "{id: yes, effect: permit, attach: [who]}",
            '{id: no, effect: deny, when: "has(claims.tenant)"}',
        ),
        service="",
    )
    tree["shop.yaml"] = tree["shop.yaml"].replace(
        "statements:", "  user: {level: {type: int}}\nstatements:", 1
    )
    users = FakeUsers({"alice": {"attributes": {"level": 3}}})
    permitted = await decided(tree, users=users)
    assert payload(permitted, "who") == [3]
    assert users.fetched == ["user", "attributes"]
    users.fetched.clear()
    denied = await decided(tree, some_claims(tenant="acme"), users=users)
    assert denied.statements == ()
    assert users.fetched == ["user"]


async def test_nothing_is_fetched_to_go_with_a_permit_that_nobody_gets() -> None:
    tree = a_tree(
        'who: {code: tell, appliesTo: permit, payload: ["${user.level}"]}\n'
        "must: {code: tell, appliesTo: permit, obligatory: true, payload: {}}\n",
        policies(
            "{id: yes, effect: permit, attach: [who]}",
            "{id: maybe, effect: permit, when: \"claims.tenant == 'acme'\", attach: [must]}",
        ),
    )
    tree["shop.yaml"] = tree["shop.yaml"].replace(
        "statements:", "  user: {level: {type: int}}\nstatements:", 1
    )
    users = FakeUsers({"alice": {"attributes": {"level": 3}}})
    decision = await decided(tree, users=users)
    assert decision.reason == "statement-not-possible"
    assert [one.id for one in decision.left_out] == ["must"]
    assert users.fetched == ["user"]


@pytest.mark.parametrize(
    "value", ["x\r\nevil: 1", "x\0", "Zürich", "x" * 8193, " x", None, "\u2028"]
)
@pytest.mark.parametrize("obligatory", [True, False], ids=["obligatory", "advice"])
async def test_a_value_that_no_header_can_carry_is_never_carried(
    value: str | None, obligatory: bool
) -> None:
    tree = a_tree(
        "tag: {code: modify-headers, appliesTo: permit, "
        f'obligatory: {str(obligatory).lower()}, payload: {{x-tenant: "${{claims.tenant}}"}}}}\n',
        "allow: authenticated\nattach: [tag]",
    )
    decision = await decided(tree, some_claims() if value is None else some_claims(tenant=value))
    assert decision.permitted is not obligatory
    assert decision.statements == ()
    assert [(one.id, one.obligatory) for one in decision.left_out] == [("tag", obligatory)]
    if obligatory:
        assert decision.reason == "statement-not-possible"
    assert value is None or value not in decision.left_out[0].why


@pytest.mark.parametrize(("tenant", "is_there"), [("a\tb", False), ("ä&b=c", True), ("a\n", False)])
async def test_a_query_carries_any_text_but_control_characters(tenant: str, is_there: bool) -> None:
    tree = a_tree(
        'q: {code: modify-query, appliesTo: permit, payload: {tenant: "${claims.tenant}"}}\n',
        "allow: authenticated\nattach: [q]",
    )
    decision = await decided(tree, some_claims(tenant=tenant))
    assert ids(decision) == (["q"] if is_there else [])


async def test_a_value_in_a_replacement_names_no_group() -> None:
    tree = a_tree(
        "hide: {code: regex-replace-attributes, appliesTo: permit, "
        'payload: {regex: "(a)", replace: "[${claims.tenant}]$1"}}\n',
        "allow: authenticated\nattach: [hide]",
    )
    decision = await decided(tree, some_claims(tenant="$1$0"))
    assert payload(decision, "hide") == {"regex": "(a)", "replace": "[$$1$$0]$1"}


# --- when they apply ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "applies_to", "applies_if", "is_there"),
    [
        # The rule denies and is overridden: its own effect counts only if the author says so.
        ({"level": 1}, "deny", "final-decision-matches", False),
        ({"level": 1}, "deny", "path-matches", True),
        ({"level": 1}, "permit", "path-matches", False),
        ({"level": 1}, "anything", "final-decision-matches", False),
        ({"level": 1}, "permit-or-deny", "path-matches", True),
        # In error.
        ({}, "indeterminate", "path-matches", True),
        ({}, "indeterminate", "final-decision-matches", False),
        ({}, "deny", "path-matches", False),
        # Not applicable.
        ({"level": 2}, "anything", "path-matches", False),
    ],
)
async def test_of_an_overridden_node_only_what_looks_at_its_own_effect_is_carried(
    claims: dict[str, int], applies_to: str, applies_if: str, is_there: bool
) -> None:
    tree = a_tree(
        f"tell: {{code: tell, appliesTo: {applies_to}, appliesIf: {applies_if}}}\n",
        policies("{id: no, effect: deny, when: \"claims.level == 1\", attach: [tell]}",
                 PERMITTING, combining="permit-overrides"),
    )  # fmt: skip
    decision = await decided(tree, some_claims(level=claims.get("level")))
    assert decision.permitted
    assert ids(decision) == (["tell"] if is_there else [])


@pytest.mark.parametrize(
    ("snippet", "expected"),
    [
        ("allow: authenticated", ["permit", "permit-or-deny", "anything"]),
        ("allow: {scopes: {any: [x]}}", ["deny", "permit-or-deny", "anything"]),
        ('allow: {when: "claims.level == 1"}', ["indeterminate", "anything"]),
        (policies('{id: a, effect: permit, when: "has(claims.level)"}'),
         ["deny", "permit-or-deny", "anything"]),
        (policies("{id: a, effect: deny}"), ["deny", "permit-or-deny", "anything"]),
    ],
    ids=["permit", "a line denies", "in error", "no rule", "deny"],
)  # fmt: skip
async def test_an_operations_own_statements_go_by_the_final_effect(
    snippet: str, expected: list[str]
) -> None:
    effects = ["permit", "deny", "permit-or-deny", "indeterminate", "anything"]
    names = [effect.replace("-", "_") for effect in effects]
    statements = "".join(
        f"{name}: {{code: tell, appliesTo: {effect}}}\n"
        for name, effect in zip(names, effects, strict=True)
    )
    decision = await decided(a_tree(statements, f"{snippet}\nattach: [{', '.join(names)}]"))
    assert ids(decision) == [effect.replace("-", "_") for effect in expected]


async def test_guards_come_before_policies_and_a_node_before_its_children() -> None:
    statements = "".join(
        f"{name}: {{code: tell, appliesTo: permit}}\n"
        for name in ("of_rule", "of_policy", "of_guard", "of_own_guard", "of_operation", "twice")
    )
    guard = "{{id: {0}, combiningAlgorithm: deny-unless-permit, attach: [{1}], rules: [{2}]}}"
    tree = a_tree(
        statements,
        "attach: [of_operation, twice]\n"
        f"guards: [{guard.format('h', 'of_own_guard', PERMITTING)}]\n"
        + policies("{id: yes, effect: permit, attach: [of_rule, twice]}",
                   more="    attach: [of_policy]\n"),
        service=f"guards: [{guard.format('g', 'of_guard', PERMITTING)}]\n",
    )  # fmt: skip
    decision = await decided(tree)
    assert ids(decision) == ["of_guard", "of_own_guard", "of_policy", "of_rule", "twice",
                             "of_operation"]  # fmt: skip


async def test_a_disabled_node_and_one_below_a_target_that_is_false_carry_nothing() -> None:
    tree = a_tree(
        "a: {code: tell, appliesTo: anything, appliesIf: path-matches}\n",
        policies(PERMITTING, "{id: off, effect: permit, enabled: false, attach: [a]}")
        + '  - id: q\n    combiningAlgorithm: deny-overrides\n    target: "has(claims.level)"\n'
        "    rules: [{id: r, effect: permit, attach: [a]}]\n",
    )
    decision = await decided(tree)
    assert decision.permitted
    assert decision.statements == ()


async def test_what_is_denied_before_policy_was_asked_carries_nothing() -> None:
    tree = a_tree(
        "step: {code: auth-challenge, appliesTo: deny, payload: {max_age: 60}}\n",
        "allow: authenticated\nattach: [step]",
    )
    point = a_point(tree, tokens={})
    call = a_call("GET", "https://api.example.com/shop/items", possible=EVERY_STATEMENT)
    decision = await point.point.decide(call, a_caller())
    assert decision.reason == "token-missing"
    assert decision.challenge is not None
    assert decision.challenge.max_age is None
    assert decision.statements == ()


# --- words and challenges -------------------------------------------------------------------------


async def test_a_challenge_outranks_the_reasons_own_and_the_reason_stays() -> None:
    tree = a_tree(
        "step: {code: auth-challenge, appliesTo: deny, payload: {acr_values: [hwk, mfa]}}\n"
        "late: {code: auth-challenge, appliesTo: deny, payload: {max_age: 1}}\n",
        "allow: {scopes: {any: [pay]}}\nattach: [step, late]",
    )
    decision = await decided(tree)
    assert decision.reason == "scope-missing"
    assert decision.challenge is not None
    assert decision.challenge.header() == (
        'Bearer realm="https://api.example.com/shop/", '
        'error="insufficient_user_authentication", acr_values="hwk mfa"'
    )
    assert ids(decision) == ["step"]


async def test_a_challenge_that_the_gateway_cannot_pass_on_is_none() -> None:
    tree = a_tree(
        "step: {code: auth-challenge, appliesTo: deny, payload: {max_age: 60}}\n",
        policies("{id: no, effect: deny, attach: [step]}"),
    )
    decision = await decided(tree, possible=frozenset())
    assert (decision.reason, decision.challenge, decision.statements) == ("policy-denied", None, ())


async def test_words_that_cannot_be_made_give_way_to_the_next() -> None:
    tree = a_tree(
        "first: {code: denied-reason, appliesTo: deny, "
        'payload: {code: a, message: "for ${claims.tenant}"}}\n'
        "second: {code: denied-reason, appliesTo: deny, "
        'payload: {code: b, message: "for ${claims.sub}", status: 404}}\n',
        policies("{id: no, effect: deny, attach: [first, second]}"),
    )
    decision = await decided(tree)
    assert decision.denied_reason == DeniedReason("b", "for alice", None, 404)
    assert ids(decision) == ["second"]
    assert [one.id for one in decision.left_out] == ["first"]
    told = await decided(tree, some_claims(tenant="acme"))
    assert told.denied_reason == DeniedReason("a", "for acme")
    assert ids(told) == ["first"]


async def test_deniedReason_is_short_for_a_statement_with_places_for_values() -> None:  # noqa: N802
    rule = '{id: no, effect: deny, deniedReason: {code: a, message: "Not ${claims.sub}."}}'
    tree = {"shop.yaml": a_service(an_operation(policies(rule)))}
    decision = await decided(tree)
    assert decision.denied_reason == DeniedReason("a", "Not alice.")
    assert [(one.id, one.code) for one in decision.statements] == [
        ("deniedReason", "denied-reason")
    ]


# --- what may not go missing ----------------------------------------------------------------------

MASK = 'mask: {code: exclude-attributes, appliesTo: permit, obligatory: true, payload: ["$.a"]}\n'


@pytest.mark.parametrize(
    ("possible", "reason"),
    [(EVERY_STATEMENT, "permitted"), (frozenset({"exclude-attributes"}), "permitted"),
     (frozenset({"denied-reason"}), "statement-not-possible")],
    ids=["everything", "that", "something else"],
)  # fmt: skip
async def test_a_permit_that_the_gateway_cannot_keep_is_a_deny(
    possible: Container[str], reason: str
) -> None:
    tree = a_tree(MASK, "allow: authenticated\nattach: [mask]")
    assert (await decided(tree, possible=possible)).reason == reason


async def test_advice_that_the_gateway_cannot_follow_is_left_out_and_recorded() -> None:
    tree = a_tree(MASK.replace("obligatory: true, ", ""), "allow: authenticated\nattach: [mask]")
    decision = await decided(tree, possible=frozenset())
    assert decision.permitted
    assert decision.statements == ()
    assert [one.id for one in decision.left_out] == ["mask"]


@pytest.mark.parametrize(
    ("rules", "combining", "reason"),
    [
        # The rule that would have masked is in error, and another one permits.
        (["{id: eu, effect: permit, when: \"claims.level == 1\", attach: [mask]}", PERMITTING],
         "deny-overrides", "statement-not-possible"),
        ([PERMITTING, "{id: eu, effect: permit, when: \"claims.level == 1\", attach: [mask]}"],
         "permit-overrides", "statement-not-possible"),
        ([PERMITTING, "{id: eu, effect: permit, when: \"claims.level == 1\", attach: [mask]}"],
         "deny-unless-permit", "statement-not-possible"),
        # It was not reached, and that is what first-applicable says.
        ([PERMITTING, "{id: eu, effect: permit, when: \"claims.level == 1\", attach: [mask]}"],
         "first-applicable", "permitted"),
        # A deny in error does not turn a mask for permits on.
        (["{id: x, effect: deny, when: \"claims.level == 1\", attach: [mask]}", PERMITTING],
         "permit-overrides", "permitted"),
        # The mask goes with the permit anyway.
        (["{id: eu, effect: permit, when: \"claims.level == 1\", attach: [mask]}",
          "{id: yes, effect: permit, attach: [mask]}"], "deny-overrides", "permitted"),
    ],
)  # fmt: skip
async def test_a_mask_that_may_be_due_and_cannot_be_decided_lets_nothing_through(
    rules: list[str], combining: str, reason: str
) -> None:
    decision = await decided(a_tree(MASK, policies(*rules, combining=combining)))
    assert decision.reason == reason


async def test_what_first_applicable_did_not_reach_for_an_error_may_be_due() -> None:
    first = (
        "  - id: f\n    combiningAlgorithm: first-applicable\n    rules:\n"
        '      - {id: bad, effect: permit, when: "claims.level == 1"}\n'
        "      - {id: eu, effect: permit, attach: [mask]}\n"
    )
    tree = a_tree(MASK, policies(PERMITTING) + first)
    assert (await decided(tree)).reason == "statement-not-possible"
    assert (await decided(tree, some_claims(level=1))).reason == "permitted"
    masked = await decided(tree, some_claims(level=2))
    assert ids(masked) == ["mask"]


@pytest.mark.parametrize(
    ("first", "second", "agree"),
    [
        ("modify-headers, payload: {X-A: b}", "modify-headers, payload: {x-a: [b]}", True),
        ("modify-headers, payload: {x-a: b}", "modify-headers, payload: {x-a: c}", False),
        ("modify-headers, payload: {x-a: b}", "modify-headers, payload: {x-a: null}", False),
        ("modify-query, payload: {a: b}", "modify-query, payload: {A: c}", True),
        ("modify-query, payload: {a: b}", "modify-query, payload: {a: c}", False),
        ("modify-attributes, payload: {\"$.a\": 1}",
         "modify-attributes, payload: {\"$['a']\": 1}", True),
        ("modify-attributes, payload: {\"$.a\": 1}",
         "modify-attributes, payload: {\"$['a']\": true}", False),
        ("exclude-attributes, payload: [$.a]", "exclude-attributes, payload: [$.b]", True),
        ("tell, payload: {a: 1}", "tell, payload: {a: 2}", True),
    ],
)  # fmt: skip
async def test_two_values_for_one_thing_let_nothing_through(
    first: str, second: str, agree: bool
) -> None:
    tree = a_tree(
        f"one: {{appliesTo: permit, code: {first}}}\ntwo: {{appliesTo: permit, code: {second}}}\n",
        "allow: authenticated\nattach: [one, two]",
    )
    decision = await decided(tree)
    assert decision.reason == ("permitted" if agree else "statement-not-possible")


async def test_on_a_deny_the_later_of_two_values_is_left_out() -> None:
    tree = a_tree(
        "one: {code: modify-headers, appliesTo: permit-or-deny, payload: {x: a}}\n"
        "two: {code: modify-headers, appliesTo: permit-or-deny, payload: {x: b}}\n",
        "allow: {scopes: {any: [x]}}\nattach: [one, two]",
    )
    decision = await decided(tree)
    assert (decision.reason, ids(decision)) == ("scope-missing", ["one"])
    assert [one.id for one in decision.left_out] == ["two"]


async def test_a_statement_of_a_library_has_the_names_of_its_own_file() -> None:
    library = (
        "apiVersion: deemster/v1\nkind: Library\nmetadata: {id: std}\nconstants: {TIER: gold}\n"
        "statements:\n"
        '  tag: {code: set-headers, appliesTo: permit, payload: {x-tier: "${TIER}"}}\n'
    )
    operation = an_operation("allow: authenticated\nattach: [std.tag]")
    body = f"imports: {{std: std.yaml}}\nconstants: {{TIER: silver}}\n{operation}"
    decision = await decided({"shop.yaml": a_service(body), "std.yaml": library})
    assert [(one.id, one.code, one.payload) for one in decision.statements] == [
        ("tag", "modify-headers", {"x-tier": "gold"})
    ]


async def test_a_guards_statements_go_with_a_preflight_too() -> None:
    tree = a_tree(
        "tag: {code: tell, appliesTo: permit, obligatory: true}\n",
        "allow: authenticated",
        service="guards:\n  - {id: g, combiningAlgorithm: deny-unless-permit, attach: [tag], "
        f"rules: [{PERMITTING}]}}\n",
    )
    tree["shop.yaml"] = tree["shop.yaml"].replace("  audience", "  preflight: allow\n  audience")
    headers = [("origin", "https://a.example"), ("access-control-request-method", "GET")]
    point = a_point(tree, tokens={})
    call = a_call("OPTIONS", "https://api.example.com/shop/items", headers=headers)
    refused = await point.point.decide(call, a_caller())
    assert refused.reason == "statement-not-possible"
    permitted = await point.point.decide(replace(call, possible=EVERY_STATEMENT), a_caller())
    assert (permitted.reason, ids(permitted)) == ("permitted-preflight", ["tag"])
