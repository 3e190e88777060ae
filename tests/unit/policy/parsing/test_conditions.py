"""How conditions are written, and why expressions are quoted."""

import pytest

from deemster.policy.tree import ConditionAll, ConditionAny, ConditionNot, ConditionText
from tests.support.policy_texts import LIBRARY, findings, indented, library


def condition(snippet: str) -> str:
    return LIBRARY + "conditions:\n" + indented(snippet, 2)


@pytest.mark.parametrize(
    ("snippet", "text"),
    [
        ('a: "user.level >= 3"', "user.level >= 3"),
        ("a: |\n  user.level >= 3\n  && x # no comment\n", "user.level >= 3\n&& x # no comment\n"),
        ("a: |-\n  x == 'y'", "x == 'y'"),
        ("a: std.office_hours", "std.office_hours"),
        ("a: in_office", "in_office"),
        ("a: true", "true"),
    ],
)
def test_expressions_stand_in_double_quotes_blocks_or_are_bare_names(
    snippet: str, text: str
) -> None:
    (named,) = library(f"conditions:\n{indented(snippet, 2)}").declarations.conditions
    assert isinstance(named.condition, ConditionText)
    assert named.condition.node.text == text
    assert named.condition.node.verbatim


@pytest.mark.parametrize(
    ("snippet", "code"),
    [
        ("a: user.level >= 3", "unquoted-expression"),
        ("a: x # && y > 3\nb: x", None),
        ("a: x == 'y' # && z", "unquoted-expression"),
        ("a: has(claims.x)", "unquoted-expression"),
        ("a: 3", "unquoted-expression"),
        ("a: x.", "unquoted-expression"),
        ("a: x\n  && y", "unquoted-expression"),
        ("a: x-y", "unquoted-expression"),
        ("a: é", "unquoted-expression"),
        ("a: 'x'", "expression-style"),
        ("a: >\n  x\n", "expression-style"),
        ('a: "x == \\"y\\""', "expression-style"),
        ('a: "x\n  && y"', "expression-style"),
        ('a: ""', "wrong-type"),
        ("a: |\n\nb: x", "wrong-type"),
        ("a:", "wrong-type"),
        ("a: [x, y]", "wrong-type"),
        ("a: {}", "bad-value"),
        ("a: {all: [x], any: [y]}", "bad-value"),
        ("a: {none: [x]}", "unknown-key"),
        ("a: {all: []}", "empty-list"),
        ("a: {any: []}", "empty-list"),
        ("a: {all: x}", "wrong-type"),
        ("a: {not: [x]}", "wrong-type"),
        ("a: {not: }", "wrong-type"),
        ('a: {all: [x, {not: {any: ["y", z == 1]}}]}', "unquoted-expression"),
    ],
)
def test_other_ways_are_refused(snippet: str, code: str | None) -> None:
    found = findings(condition(snippet))
    assert [item.split(":")[0] for item in found] == ([] if code is None else [code])


def test_lists_nest() -> None:
    (named,) = library(
        'conditions: {a: {all: [x, {not: {any: ["y", z]}}]}}'
    ).declarations.conditions
    assert isinstance(named.condition, ConditionAll)
    first, negated = named.condition.items
    assert isinstance(first, ConditionText)
    assert isinstance(negated, ConditionNot)
    assert isinstance(negated.item, ConditionAny)
    assert len(negated.item.items) == 2
