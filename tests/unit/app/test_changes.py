"""Statements are carried out on a message, or it is said that they cannot be."""

import pytest

from deemster.app.changes import StatementChanges
from deemster.errors import CannotCarryOutError
from deemster.model.decision import Statement

CHANGES = StatementChanges(max_depth=4)


def excluded(path: str) -> list[Statement]:
    return [Statement(id="s", code="exclude-attributes", payload=[path], obligatory=True)]


def test_members_of_a_body_are_left_out() -> None:
    assert CHANGES.body('{"a": 1, "iban": "x"}', excluded("$.iban")) == '{"a":1}'


@pytest.mark.parametrize(
    "body", ["", "no JSON", '{"a": 1, "a": 2}', "[[[[[1]]]]]", '"\ud800"', "NaN"]
)
def test_a_body_that_is_not_strict_json_cannot_be_changed(body: str) -> None:
    with pytest.raises(CannotCarryOutError):
        CHANGES.body(body, excluded("$.iban"))


def test_header_fields_and_query_are_set_and_removed() -> None:
    fields = [Statement(id="f", code="modify-headers", payload={"X-A": "1", "x-b": None})]
    query = [Statement(id="q", code="modify-query", payload={"a": "2"})]
    assert CHANGES.fields((("x-b", "old"),), fields) == (("x-a", "1"),)
    assert CHANGES.query("a=1&b=3", query) == "b=3&a=2"
