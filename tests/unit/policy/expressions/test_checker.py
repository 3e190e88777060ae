"""Checking conditions: what is said of a wrong one, and what is known of a right one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Severity
from deemster.policy.expressions.checker import MAX_DEPTH_IN_ALL, check
from deemster.policy.expressions.conditions import parse_condition
from deemster.policy.expressions.scope import Scope
from deemster.policy.expressions.types import INT, STRING
from deemster.policy.rendering import render_text
from deemster.policy.tree import ConditionAll, ConditionText
from tests.support.conditions import (
    FILE,
    LIBRARY,
    a_library,
    a_scope,
    checked_condition,
    checked_value,
    findings_of,
    marked,
    span,
    text_condition,
)

ERRORS = yaml.safe_load(
    (Path(__file__).parents[3] / "golden/expressions/errors.yaml").read_text(encoding="utf-8")
)


def with_standard_library() -> Scope:
    return a_scope(
        a_library(
            {"std.NETS": ("10.0.0.0/8",), "std.BAD_NETS": ("10.0.0.1/8",)},
            {
                "std.office_hours": "time.local('UTC').hour >= 8",
                "std.any_scope": "claims.scope.exists(s, s != '')",
            },
        )
    )


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case["text"] or "empty")
def test_a_wrong_condition_is_told_what_is_wrong_and_where(case: dict[str, object]) -> None:
    text = str(case["text"])
    found = findings_of(text, with_standard_library())
    assert found.checked is None
    first = found.items[0]
    assert {
        "text": text,
        "code": first.code.value,
        "marks": marked(text, first.span),
        "message": first.message,
        "help": first.help,
    } == {name: case.get(name) for name in ("text", "code", "marks", "message", "help")}
    if "notes" in case:
        assert [note.message for note in first.notes] == case["notes"]
    assert len(found.items) == 1 + int(str(case.get("also", 0)))
    assert all(item.severity is Severity.ERROR for item in found.items)


def test_an_error_is_shown_with_its_line_carets_and_declaration() -> None:
    text = "user.level >= 'three'"
    shown = render_text(findings_of(text).items, {FILE: f'"{text}"'})
    assert shown.splitlines() == [
        f"{FILE}:1:16: error[type-mismatch]: cannot compare `int` with `string`",
        "    1 | \"user.level >= 'three'\"",
        "      |                ^^^^^^^",
        f"   declared at {LIBRARY}:40:5 as int 0..9",
        "   help: a number is written without quotes, and text is never turned into one",
    ]


def test_all_errors_of_a_condition_are_reported_together() -> None:
    found = findings_of("claims.tenent == 'a' && user.level == 'x' || nobody")
    assert [item.code for item in found.items] == [
        Code.UNKNOWN_NAME,
        Code.TYPE_MISMATCH,
        Code.UNKNOWN_NAME,
    ]


def test_every_slip_in_a_list_is_reported() -> None:
    found = findings_of("claims.tier in ['golt', 'gold', 'silvr']")
    assert [item.help for item in found.items] == ["did you mean `gold`?", "did you mean `silver`?"]


def test_an_item_of_an_all_list_must_be_a_condition() -> None:
    sink = DiagnosticSink()
    listed = ConditionAll((text_condition("claims.admin"), text_condition("user.level")), span())
    expr = parse_condition(listed, sink)
    assert expr is not None
    assert check(expr, a_scope(), sink) is None
    assert [item.code for item in sink.finish()] == [Code.NOT_A_CONDITION]


class TestExternalProvider:
    @pytest.mark.parametrize("text", ["'a' in user.groups", "has(user)", "has(user.level)"])
    def test_user_is_not_known(self, text: str) -> None:
        found = findings_of(text, a_scope(is_external=True))
        assert [item.code for item in found.items] == [Code.USER_EXTERNAL]
        assert found.checked is None

    def test_claims_are_known(self) -> None:
        found = findings_of("claims.partner == 'acme'", a_scope(is_external=True))
        assert found.items == ()

    def test_user_in_an_unused_part_of_a_condition_is_still_an_error(self) -> None:
        found = findings_of("false && has(user)", a_scope(is_external=True))
        assert [item.code for item in found.items] == [Code.USER_EXTERNAL]


class TestNamedConditions:
    def test_a_condition_is_used_by_its_name(self) -> None:
        scope = a_scope(a_library(conditions={"std.adult": "claims.age >= 18"}))
        assert checked_condition("std.adult && claims.admin", scope).reads == {
            "claims.age",
            "claims.admin",
        }

    def test_a_condition_sees_the_names_of_its_own_file(self) -> None:
        library = a_library({"LIMIT": 18}, {"adult": "claims.age >= LIMIT"})
        scope = a_scope(a_library())
        outside = a_library({"LIMIT": "text"})
        outside_conditions = {"std.adult": library.conditions["adult"]}
        scope = scope.with_lexical(type(outside)(outside.constants, outside_conditions))
        assert checked_condition("std.adult", scope).reads == {"claims.age"}

    def test_a_condition_sees_the_parameters_of_the_place_of_use(self) -> None:
        scope = a_scope(a_library(conditions={"own": "params.id == claims.sub"}))
        assert checked_condition("own", scope).reads == {"params.id", "claims.sub"}
        of_another_operation = scope.with_params({"nr": STRING})
        found = findings_of("own", of_another_operation)
        assert [item.message for item in found.items] == ["unknown path parameter `id`"]
        as_number = scope.with_params({"id": INT})
        assert [item.code for item in findings_of("own", as_number).items] == [Code.TYPE_MISMATCH]

    def test_an_error_inside_names_the_chain_of_uses(self) -> None:
        scope = a_scope(a_library(conditions={"a": "b && true", "b": "claims.age == 'x'"}))
        (item,) = findings_of("a", scope).items
        assert str(item.span).startswith(LIBRARY)
        assert [(note.message, str(note.span)) for note in item.notes] == [
            ("declared at … as int 0..150", f"{LIBRARY}:8:5"),
            ("in `b`, used from …", f"{LIBRARY}:30:2"),
            ("in `a`, used from …", f"{FILE}:1:2"),
        ]

    def test_a_circle_of_conditions_is_an_error_that_names_it(self) -> None:
        scope = a_scope(a_library(conditions={"a": "b", "b": "!c", "c": "a || true"}))
        (item,) = findings_of("a", scope).items
        assert item.code is Code.CONDITION_CYCLE
        assert item.message == "conditions use each other in a circle: a ► b ► c ► a"

    def test_a_condition_that_did_not_parse_is_not_reported_again(self) -> None:
        scope = a_scope(a_library(conditions={"broken": "claims."}))
        found = findings_of("broken && claims.admin", scope)
        assert (found.checked, found.items) == (None, ())

    def test_conditions_that_double_at_each_step_are_refused(self) -> None:
        conditions = {"c0": "claims.admin"} | {
            f"c{i}": f"c{i - 1} && c{i - 1}" for i in range(1, 40)
        }
        found = findings_of("c39", a_scope(a_library(conditions=conditions)))
        assert found.checked is None
        assert [item.code for item in found.items] == [Code.EXPRESSION_TOO_LONG]

    def test_a_long_chain_of_conditions_is_refused_without_recursing_into_it(self) -> None:
        conditions = {"c0": "claims.admin"} | {f"c{i}": f"!c{i - 1}" for i in range(1, 2000)}
        found = findings_of("c1999", a_scope(a_library(conditions=conditions)))
        assert found.checked is None
        assert {item.code for item in found.items} == {Code.EXPRESSION_TOO_DEEP}

    def test_a_chain_checked_from_its_end_is_held_to_the_same_depth(self) -> None:
        length = MAX_DEPTH_IN_ALL
        conditions = {"c0": "claims.admin"} | {f"c{i}": f"!c{i - 1}" for i in range(1, length)}
        scope = a_scope(a_library(conditions=conditions))
        codes = {item.code for i in range(length) for item in findings_of(f"c{i}", scope).items}
        assert codes == {Code.EXPRESSION_TOO_DEEP}

    def test_a_condition_without_parameters_is_checked_once_for_all_operations(self) -> None:
        scope = a_scope(a_library(conditions={"adult": "claims.age >= 18"}))
        first = checked_condition("adult", scope.with_params({})).term
        second = checked_condition("adult", scope.with_params({"x": STRING})).term
        assert first.body is second.body  # type: ignore[union-attr]


class TestConstants:
    @pytest.mark.parametrize(
        ("value", "type_"),
        [
            ("a", "string"),
            (3, "int"),
            (True, "bool"),
            (("a", "b"), "list<string>"),
            ((1, 2), "list<int>"),
            ((), "list"),
        ],
        ids=str,
    )
    def test_a_constant_has_the_type_of_its_value(self, value: object, type_: str) -> None:
        assert str(checked_value("X", a_scope(a_library({"X": value}))).type) == type_

    @pytest.mark.parametrize(
        ("value", "code"),
        [
            (("a", 1), Code.TYPE_MISMATCH),
            ((True, 1), Code.TYPE_MISMATCH),
            (2**63, Code.BAD_LITERAL),
            (tuple(range(10_001)), Code.BAD_LITERAL),
        ],
        ids=["mixed", "bool is no int", "over 64 bits", "over ten thousand"],
    )
    def test_a_constant_that_is_no_value_is_refused_where_used(
        self, value: object, code: Code
    ) -> None:
        found = findings_of("X", a_scope(a_library({"X": value})), is_value=True)
        assert [item.code for item in found.items] == [code]

    def test_a_constant_outside_the_enumeration_points_at_both_declarations(self) -> None:
        found = findings_of("claims.tier in TIERS", a_scope(a_library({"TIERS": ("gold", "tin")})))
        assert [item.message for item in found.items] == ["`tin` is not a value of `claims.tier`"]

    def test_ten_thousand_members_are_held_as_a_set(self) -> None:
        names = tuple(f"n{i}" for i in range(10_000))
        assert findings_of("claims.sub in NAMES", a_scope(a_library({"NAMES": names}))).items == ()


READS = [
    ("claims.acr == 'a'", {"claims.acr"}),
    ("has(claims.tenant)", {"claims.tenant"}),
    ("has(user)", {"user"}),
    ("'a' in user.groups || user.level == 1", {"user.groups", "user.level"}),
    ("request.ip.inCidr('10.0.0.0/8')", {"request.ip"}),
    ("'a' in request.headers['x-tenant']", {"request.headers.x-tenant"}),
    ("'a' in request.headers.accept", {"request.headers.accept"}),
    ("'a' in request.query['page']", {"request.query.page"}),
    ("time.local('UTC').hour == 1", {"request.time"}),
    ("params.id == '1' && request.method == 'GET'", {"params.id", "request.method"}),
    ("'x' in claims['perms']", {"claims.perms"}),
    ("true", set[str]()),
]


@pytest.mark.parametrize(("text", "names"), READS, ids=[text for text, _ in READS])
def test_what_a_condition_reads_is_known(text: str, names: set[str]) -> None:
    assert checked_condition(text).reads == names


CAN_FAIL = [
    ("true", False),
    ("request.method == 'GET' && request.path.startsWith('/a')", False),
    ("params.id == '1'", False),
    ("'a' in request.headers.accept", False),
    ("time.local('UTC').hour >= 8", False),
    ("has(user)", False),
    ("'x' in ['x', 'y']", False),
    ("request.ip.inCidr('10.0.0.0/8')", True),
    ("'a' in request.query.page", True),
    ("claims.sub == 'a'", True),
    ("has(claims.sub)", True),
    ("'a' in user.groups", True),
    ("request.host.inCidr('10.0.0.0/8')", True),
    ("request.time - duration('1s') > timestamp('2026-01-01T00:00:00Z')", True),
]


@pytest.mark.parametrize(("text", "expected"), CAN_FAIL, ids=[text for text, _ in CAN_FAIL])
def test_whether_a_condition_may_be_in_error_is_known(text: str, expected: bool) -> None:
    assert checked_condition(text).can_fail is expected


def test_a_text_of_the_tree_keeps_its_place_in_a_block() -> None:
    assert isinstance(text_condition("a"), ConditionText)
    sink = DiagnosticSink()
    expr = parse_condition(text_condition("claims.age == 'x'", line=31), sink)
    assert expr is not None
    check(expr, a_scope(), sink)
    assert [str(item.span) for item in sink.finish()] == [f"{FILE}:31:16"]
