"""`schema:`: declared types, and values that must have them."""

import pytest

from tests.support.policy_texts import LIBRARY, findings, library

TYPES = "`string`, `int`, `bool`, `timestamp`, `list<string>` or `list<int>`"


@pytest.mark.parametrize(
    ("declaration", "expected"),
    [
        ("{type: string, default: NO}", "NO"),
        ('{type: string, default: ""}', ""),
        ("{type: string, default: true}", "true"),
        ("{type: int, default: -3}", -3),
        ("{type: bool, default: false}", False),
        ("{type: timestamp, default: 2026-11-22T09:00:00Z}", 1795338000),
        ("{type: list<string>, default: []}", ()),
        ("{type: list<string>, default: [1, b]}", ("1", "b")),
        ("{type: list<int>, default: [1, 2]}", (1, 2)),
    ],
)
def test_a_default_has_the_declared_type(declaration: str, expected: object) -> None:
    (found,) = library(f"schema: {{claims: {{x: {declaration}}}}}").declarations.schema
    assert found.has_default
    assert (found.default, type(found.default)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("declaration", "expected"),
    [
        ("{type: int, enum: [1, 2], default: 2}", (1, 2)),
        ("{type: string, enum: [1, NO]}", ("1", "NO")),
    ],
)
def test_members_of_an_enum_have_the_declared_type(
    declaration: str, expected: tuple[object, ...]
) -> None:
    (found,) = library(f"schema: {{user: {{x: {declaration}}}}}").declarations.schema
    assert found.enum == expected


@pytest.mark.parametrize(
    ("declaration", "code"),
    [
        ("string", "wrong-type"),
        ("{}", "missing-key"),
        ("{type: str}", "bad-value"),
        ("{type: list}", "bad-value"),
        ("{type: int, default: 1.5}", "wrong-type"),
        ('{type: int, default: "1"}', "wrong-type"),
        ("{type: int, default: 99999999999999999999}", "bad-value"),
        ("{type: bool, default: yes}", "wrong-type"),
        ("{type: timestamp, default: 2026-11-22}", "wrong-type"),
        ("{type: string, default: }", "wrong-type"),
        ("{type: string, default: [a]}", "wrong-type"),
        ("{type: list<string>, default: a}", "wrong-type"),
        ("{type: list<int>, default: [a]}", "wrong-type"),
        ("{type: int, optional: true, default: 1}", "bad-value"),
        ("{type: int, optional: maybe}", "wrong-type"),
        ("{type: string, enum: []}", "empty-list"),
        ("{type: string, enum: [a, a]}", "duplicate-item"),
        ("{type: string, enum: [a], default: b}", "not-in-enum"),
        ("{type: int, enum: [a]}", "wrong-type"),
        ("{type: list<string>, enum: [a]}", "bad-value"),
        ("{type: bool, enum: [true]}", "bad-value"),
        ("{type: string, min: 1}", "bad-value"),
        ("{type: int, min: 2, max: 1}", "bad-value"),
        ("{type: int, min: 2, default: 1}", "bad-value"),
        ("{type: int, max: 2, default: 3}", "bad-value"),
        ("{type: int, claim: x}", "unknown-key"),
        ("{type: int, required: true}", "unknown-key"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(declaration: str, code: str) -> None:
    found = findings(f"{LIBRARY}schema: {{user: {{x: {declaration}}}}}\n")
    assert [item.split(":")[0] for item in found] == [code]


@pytest.mark.parametrize("section", ["subject", "action", "resource", "context"])
def test_what_questions_of_authzen_hold_is_declared_like_user_attributes(section: str) -> None:
    plain = "{x: {type: int, min: 0, max: 9, optional: true}, y: {type: string, default: a}}"
    assert findings(f"{LIBRARY}schema: {{{section}: {plain}}}\n") == []
    (found,) = findings(f"{LIBRARY}schema: {{{section}: {{x: {{type: int, claim: y}}}}}}\n")
    assert found.startswith("unknown-key: `claim` is not a key of the declaration of a ")


def test_names_are_usable_in_expressions() -> None:
    assert findings(f"{LIBRARY}schema: {{claims: {{my-claim: {{type: int}}}}}}\n") == [
        "bad-id: `my-claim` cannot be a name in expressions"
    ]
