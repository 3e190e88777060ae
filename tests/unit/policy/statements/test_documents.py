"""Statements carried out on a JSON body."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from deemster.model.decision import Statement
from deemster.policy.statements.documents import BodyNotChangedError, changed_body

ACCOUNT: dict[str, Any] = {
    "iban": "DE02 1203",
    "owner": {"name": "Ann", "ssn": "078-05", "children": [{"ssn": 2, "age": 1}, {"ssn": 3}]},
    "lines": [10, 20, {"amount": 30}],
}


def exclude(*paths: str) -> Statement:
    return Statement(id="x", code="exclude-attributes", payload=list(paths))


def include(*paths: str) -> Statement:
    return Statement(id="i", code="include-attributes", payload=list(paths))


def modify(**values: object) -> Statement:
    return Statement(
        id="m", code="modify-attributes", payload={f"$.{name}": one for name, one in values.items()}
    )


def replace(regex: str, by: str, **more: str) -> Statement:
    payload = {"regex": regex, "replace": by, **more}
    return Statement(id="r", code="regex-replace-attributes", payload=payload)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([exclude("$.iban", "$.owner")], {"lines": [10, 20, {"amount": 30}]}),
        ([exclude("$.lines[0]"), exclude("$.lines[1]", "$.owner", "$.iban")],
         {"lines": [{"amount": 30}]}),
        ([exclude("$..ssn", "$.iban", "$.lines")],
         {"owner": {"name": "Ann", "children": [{"age": 1}, {}]}}),
        ([exclude("$.nothing")], ACCOUNT),
        ([exclude("$")], None),
        ([include("$.iban")], {"iban": "DE02 1203"}),
        ([include("$.owner.name", "$.lines[2]")],
         {"owner": {"name": "Ann"}, "lines": [{"amount": 30}]}),
        ([include("$.owner.children[*].age")], {"owner": {"children": [{"age": 1}]}}),
        ([include("$.owner"), include("$..ssn", "$.iban")],
         {"owner": {"ssn": "078-05", "children": [{"ssn": 2}, {"ssn": 3}]}}),
        ([include("$.owner"), include("$.iban")], {}),
        ([include("$.nothing")], {}),
        # Both are looked up in the body as it came: what is excluded shifts no index.
        ([exclude("$.lines[0]"), include("$.lines[1]")], {"lines": [20]}),
        ([include("$.owner"), exclude("$.owner.children", "$.owner.ssn")],
         {"owner": {"name": "Ann"}}),
    ],
)  # fmt: skip
def test_what_is_excluded_goes_and_of_what_is_included_only_all_of_it_stays(
    statements: list[Statement], expected: object
) -> None:
    assert changed_body(ACCOUNT, statements) == expected


@pytest.mark.parametrize("document", ["text", 5, None, True])
def test_a_body_that_is_no_container_stays_only_if_it_is_included(document: object) -> None:
    assert changed_body(document, [include("$")]) == document
    assert changed_body(document, [include("$.a")]) is None


def test_an_empty_container_stays_what_it_is() -> None:
    assert changed_body([], [include("$.a")]) == []
    assert changed_body({"a": {}, "b": []}, [include("$.a")]) == {"a": {}}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (replace("[0-9]", "*"), {"iban": "DE** ****", "owner.ssn": "***-**", "owner.name": "Ann"}),
        (replace("[0-9]", "*", path="$.owner"), {"iban": "DE02 1203", "owner.ssn": "***-**"}),
        (replace("(..).*", "$1…", path="$.iban"), {"iban": "DE…"}),
        (replace("ann", "x", flags="i"), {"owner.name": "x"}),
        (replace("a", "x", path="$.nothing"), {"owner.name": "Ann"}),
    ],
)
def test_texts_are_replaced_at_and_below_a_path_and_names_never(
    statement: Statement, expected: dict[str, str]
) -> None:
    changed: Any = changed_body(ACCOUNT, [statement])
    for path, text in expected.items():
        found = changed
        for name in path.split("."):
            found = found[name]
        assert found == text
    assert changed["lines"] == ACCOUNT["lines"]


def test_members_are_set_added_and_removed() -> None:
    changed: Any = changed_body({"a": 1, "b": {"c": 2}}, [
        modify(a="x", d=[1]), modify(**{"b.c": None, "b.e": {"f": None}}),
    ])  # fmt: skip
    assert changed == {"a": "x", "d": [1], "b": {"e": {"f": None}}}


def test_nothing_is_added_below_what_is_not_there_or_is_no_object() -> None:
    document = {"a": [1, 2], "t": "x"}
    changed = changed_body(
        document, [modify(**{"x.y": 1, "a.b": 1, "t.b": 1, "a[5]": 1, "*.z": 1})]
    )
    assert changed == document


def test_a_path_of_many_places_sets_all_of_them() -> None:
    assert changed_body({"l": [{"p": 1}, {"p": 2}]}, [modify(**{"l[*].p": 0})]) == {
        "l": [{"p": 0}, {"p": 0}]
    }


def test_members_are_set_after_the_rest_and_in_order() -> None:
    statements = [modify(iban="1"), replace("[0-9]", "*"), exclude("$.iban", "$.owner", "$.lines")]
    assert changed_body(ACCOUNT, statements) == {"iban": "1"}


def test_two_values_for_one_attribute_are_refused_however_it_is_named() -> None:
    one = modify(**{"lines[*]": 1})
    other = modify(**{"lines[0]": 2})
    with pytest.raises(BodyNotChangedError):
        changed_body(ACCOUNT, [one, other])
    assert changed_body(ACCOUNT, [one, modify(**{"lines[0]": 1})]) == {**ACCOUNT, "lines": [1] * 3}


def test_a_body_that_no_path_can_look_through_is_refused() -> None:
    wide = [[[[0] * 30] * 30] * 30] * 30
    with pytest.raises(BodyNotChangedError):
        changed_body(wide, [exclude("$..*..*")])


def test_other_statements_are_passed_over_and_the_document_is_not_touched() -> None:
    before = copy.deepcopy(ACCOUNT)
    other = Statement(id="o", code="modify-headers", payload={"x": "y"})
    assert changed_body(ACCOUNT, [other]) == before
    changed_body(ACCOUNT, [exclude("$..*"), modify(iban="z"), replace(".", "x")])
    assert before == ACCOUNT
