"""Warnings: optional names compared unguarded, and defaults that hide an absence."""

from __future__ import annotations

import pytest

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Severity
from deemster.policy.expressions.guards import guards_of
from deemster.policy.expressions.scope import LexicalScope
from tests.support.conditions import a_library, a_scope, checked_condition, findings_of

GUARDED = [
    "has(claims.tenant) && claims.tenant == 'a'",
    "claims.tenant == 'a' && has(claims.tenant)",
    "!has(claims.tenant) || claims.tenant == 'a'",
    "!(has(claims.tenant) && claims.tenant == 'a')",
    "!(!has(claims.tenant) || claims.tenant == 'a')",
    "has(claims.tenant) ? claims.tenant == 'a' : false",
    "!has(claims.tenant) ? false : claims.tenant == 'a'",
    "has(claims.tenant) && (claims.admin || claims.tenant == 'a')",
    "claims.admin && has(claims.tenant) && !(claims.tenant == 'a')",
    "present && claims.tenant == 'a'",
    "has(claims.tenant) && named",
    "has(claims.tenant) && has(user.level) && (claims.tenant == 'a' || user.level == 1)",
    "claims.partner == 'a'",
    "has(claims.tenant)",
    "has(user) && 'a' in user.groups",
]
UNGUARDED = [
    ("claims.tenant == 'a'", ["claims.tenant"]),
    ("claims.tenant == 'a' && claims.tenant != 'b'", ["claims.tenant"]),
    ("has(claims.tenant) || claims.tenant == 'a'", ["claims.tenant"]),
    ("!has(claims.tenant) && claims.tenant == 'a'", ["claims.tenant"]),
    ("has(user.level) && claims.tenant == 'a'", ["claims.tenant"]),
    ("(has(claims.tenant) || claims.admin) && claims.tenant == 'a'", ["claims.tenant"]),
    ("has(claims.tenant) ? true : claims.tenant == 'a'", ["claims.tenant"]),
    ("user.level in [1, 2] || claims.acr in ['mfa']", ["user.level", "claims.acr"]),
    ("size(claims.levels) > 1", ["claims.levels"]),
    ("named", ["claims.tenant"]),
]


def scope() -> LexicalScope:
    return a_library(conditions={"present": "has(claims.tenant)", "named": "claims.tenant == 'a'"})


@pytest.mark.parametrize("text", GUARDED)
def test_a_guarded_name_is_not_warned_of(text: str) -> None:
    found = findings_of(text, a_scope(scope()), under_deny=True, not_last=True)
    assert found.items == ()


@pytest.mark.parametrize(("text", "names"), UNGUARDED, ids=[text for text, _ in UNGUARDED])
@pytest.mark.parametrize("place", ["under_deny", "not_last"])
def test_an_unguarded_name_is_warned_of_once(text: str, names: list[str], place: str) -> None:
    found = findings_of(
        text,
        a_scope(scope()),
        under_deny=place == "under_deny",
        not_last=place == "not_last",
    )
    assert found.checked is not None
    assert {item.code for item in found.items} == {Code.OPTIONAL_UNGUARDED}
    assert {item.severity for item in found.items} == {Severity.WARNING}
    assert sorted(item.message.split("`")[1] for item in found.items) == sorted(names)


def test_where_an_error_hides_nothing_there_is_no_warning() -> None:
    assert findings_of("claims.tenant == 'a'").items == ()


def test_a_target_may_be_the_guard() -> None:
    found = findings_of(
        "claims.tenant == 'a'", under_deny=True, guarded=frozenset({"claims.tenant"})
    )
    assert found.items == ()


def test_a_warning_inside_a_named_condition_says_where_it_is_used() -> None:
    (item,) = findings_of("named", a_scope(scope()), under_deny=True).items
    assert [note.message for note in item.notes] == [
        "declared at … as string",
        "in `named`, used from …",
    ]


@pytest.mark.parametrize(
    ("text", "under_deny", "warned"),
    [
        ("claims.plan == 'free'", True, True),
        ("!(claims.plan == 'free')", False, True),
        ("claims.plan == 'free'", False, False),
        ("!!(claims.plan == 'free')", False, False),
        ("!('x' in claims.perms)", False, True),
        ("!('mfa' in claims.amr)", False, False),
        ("has(claims.plan)", True, False),
        ("user.seat == 'a'", True, True),
    ],
)
def test_a_default_is_warned_of_where_it_decides_a_deny(
    text: str, under_deny: bool, warned: bool
) -> None:
    found = findings_of(text, under_deny=under_deny)
    assert [item.code for item in found.items] == [Code.DEFAULT_UNDER_DENY] * warned


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("has(claims.tenant) && has(user.level)", {"claims.tenant", "user.level"}),
        ("has(claims.tenant) || has(user.level)", set[str]()),
        ("!(!has(claims.tenant) || claims.admin)", {"claims.tenant"}),
        ("has(claims.plan)", set[str]()),
        ("claims.tenant == 'a'", set[str]()),
    ],
)
def test_what_a_true_condition_proves_present_is_known(text: str, names: set[str]) -> None:
    assert guards_of(checked_condition(text)) == names
