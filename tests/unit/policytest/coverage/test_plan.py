"""What there is to cover in a tree, and which outcomes of it can come about."""

import pytest

from deemster.policytest.coverage.units import UnitKind
from tests.unit.policytest.coverage.trees import LIBRARY, SERVICE, plan_of

TEXTS = {"lib.yaml": LIBRARY, "notes.yaml": SERVICE}


def goals_of(texts: dict[str, str], *kinds: UnitKind) -> list[str]:
    return [
        f"{unit.span.place} {unit.name}: {', '.join(unit.goals)}"
        for unit in plan_of(texts).units.values()
        if unit.kind in kinds
    ]


def test_operations_permit_and_deny_where_they_can() -> None:
    assert goals_of(TEXTS, UnitKind.OPERATION) == [
        "notes.yaml:17 notes/list: permitted, denied",
        "notes.yaml:23 notes/write: permitted, denied",
        "notes.yaml:33 notes/health: permitted",
    ]


def test_an_operation_that_no_rule_permits_need_not_permit() -> None:
    service = SERVICE.replace("{id: high, effect: permit", "{id: high, effect: deny")
    assert "notes.yaml:23 notes/write: denied" in goals_of(
        {**TEXTS, "notes.yaml": service}, UnitKind.OPERATION
    )


def test_a_guard_passes_and_refuses_once_for_all_operations() -> None:
    assert goals_of(TEXTS, UnitKind.GUARD) == ["notes.yaml:11 notes/frozen: passed, refused"]


def test_each_line_is_satisfied_and_refused_and_authentication_has_two_halves() -> None:
    assert goals_of(TEXTS, UnitKind.LINE) == [
        "notes.yaml:20 notes/list/allow/scopes: satisfied, refused",
        "notes.yaml:22 notes/list/allow/when: satisfied, refused",
        "notes.yaml:21 notes/list/allow/authentication.acr: satisfied, refused",
        "notes.yaml:21 notes/list/allow/authentication.maxAge: satisfied, refused",
    ]


def test_rules_apply_or_not_and_disabled_ones_are_left_out() -> None:
    assert goals_of(TEXTS, UnitKind.RULE) == [
        "notes.yaml:15 notes/frozen/no-bots: applied, not applied",
        "notes.yaml:30 notes/write/who/high: applied, not applied",
        "notes.yaml:32 notes/write/who/rest: applied",
    ]


def test_conditions_are_true_and_false_and_whole_ones_in_error_where_they_can_be() -> None:
    assert goals_of(TEXTS, UnitKind.CONDITION, UnitKind.NAMED_CONDITION) == [
        "notes.yaml:15 claims.client_id == 'bot': true, false, error",
        "notes.yaml:22 std.high || 'staff' in user.groups: true, false, error",
        "notes.yaml:22 std.high: true, false",
        "lib.yaml:8 std.high: true, false, error",
        "notes.yaml:22 'staff' in user.groups: true, false",
        "notes.yaml:27 has(claims.level): true, false, error",
        "notes.yaml:30 std.high: true, false, error",
    ]


@pytest.mark.parametrize(
    ("when", "fails"),
    [
        ("claims.sub == 'a'", True),
        ("has(claims.sub) && claims.sub == 'a'", False),
        ("!has(claims.sub) || claims.sub == 'a'", False),
        ("has(claims.sub) ? claims.sub == 'a' : false", False),
        ("'a' in claims.scope", False),
        ("'a' in claims.amr", True),
        ("has(claims.level) && claims.level > 3", True),
        ("has(user)", False),
        ("'a' in user.groups", True),
        ("has(user) && 'a' in user.groups", False),
        ("request.ip.inCidr('10.0.0.0/8')", True),
        ("has(request.ip)", True),
        ("size(request.headers.x) > 0", False),
        ("size(request.query.x) > 0", True),
        ("time.local('UTC').hour > 8", False),
        ("request.method == 'GET'", False),
        ("user.id == 'a'", True),
        ("request.time > timestamp('2026-01-01T00:00:00Z')", False),
        ("claims.scope.exists(s, s.startsWith('a'))", False),
        ("request.path.matches('^/a$')", False),
        ("claims.level + 1 > 3", True),
    ],
)
def test_an_error_is_a_goal_only_where_a_call_can_bring_it_about(when: str, fails: bool) -> None:
    service = SERVICE.replace("claims.client_id == 'bot'", when)
    (unit,) = [
        unit
        for unit in plan_of({**TEXTS, "notes.yaml": service}).units.values()
        if unit.kind is UnitKind.CONDITION and unit.span.line == 15 and unit.name == when
    ]
    assert ("error" in unit.goals) is fails


def test_what_was_read_on_the_way_is_in_no_error_any_more() -> None:
    service = SERVICE.replace(
        "- {id: rest, effect: deny}",
        """- {id: low, effect: permit, when: "claims.level == 1"}
          - {id: rest, effect: deny}""",
    )
    assert "notes.yaml:32 claims.level == 1: true, false" in goals_of(
        {**TEXTS, "notes.yaml": service}, UnitKind.CONDITION
    )


def test_a_user_who_is_in_a_group_is_there() -> None:
    service = SERVICE.replace("scopes: {any: [notes.read]}", "groups: {any: [x]}").replace(
        "std.high || 'staff' in user.groups", "'staff' in user.groups"
    )
    assert "notes.yaml:22 'staff' in user.groups: true, false" in goals_of(
        {**TEXTS, "notes.yaml": service}, UnitKind.CONDITION
    )


RULES = """\
  - id: who
    match: {methods: [POST], path: /who}
    policies:
      - id: who
        combiningAlgorithm: ALGORITHM
        rules:
          - {id: low, effect: permit, when: {not: std.high}}
          - {id: high, effect: permit, when: {all: [std.high, "'staff' in user.groups"]}}
"""


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("permit-overrides", "true"),
        ("first-applicable", "true"),
        ("deny-unless-permit", "true"),
        ("deny-overrides", "true, false"),
    ],
)
def test_what_an_earlier_rule_has_settled_is_not_asked_of_the_next(
    algorithm: str, expected: str
) -> None:
    service = SERVICE + RULES.replace("ALGORITHM", algorithm)
    found = goals_of({**TEXTS, "notes.yaml": service}, UnitKind.CONDITION)
    last = len(service.splitlines())
    assert f"notes.yaml:{last} std.high: {expected}" in found


RESPONSE = """\
response:
  policies:
    - id: own
      combiningAlgorithm: deny-overrides
      rules:
        - {id: broken, effect: deny, when: "response.status >= 500"}
"""


def test_a_response_policy_passes_and_refuses_and_its_rules_are_rules() -> None:
    service = SERVICE.replace("operations:\n", f"{RESPONSE}operations:\n")
    texts = {**TEXTS, "notes.yaml": service}
    kinds = (UnitKind.RESPONSE_POLICY, UnitKind.RULE, UnitKind.CONDITION)
    assert [goal for goal in goals_of(texts, *kinds) if "response" in goal] == [
        "notes.yaml:18 notes/response/own: passed, refused",
        "notes.yaml:21 notes/response/own/broken: applied, not applied",
        "notes.yaml:21 response.status >= 500: true, false",
    ]


LISTS = """\
  - id: lists
    match: {methods: [POST], path: /lists}
    policies:
      - id: who
        combiningAlgorithm: permit-overrides
        rules:
          - {id: one, effect: permit, when: {all: [std.high, "'staff' in user.groups"]}}
          - {id: two, effect: permit, when: {all: [std.high, "'sales' in user.groups"]}}
"""


def test_lists_that_ask_for_something_else_settle_nothing() -> None:
    found = goals_of({**TEXTS, "notes.yaml": SERVICE + LISTS}, UnitKind.CONDITION)
    last = len((SERVICE + LISTS).splitlines())
    assert f"notes.yaml:{last} all of: true, false, error" in found
