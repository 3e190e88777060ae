"""Statements carried out on header fields and on a query."""

from __future__ import annotations

import pytest

from deemster.model.decision import Statement
from deemster.policy.statements.message_fields import changed_fields, changed_query


def headers(**values: object) -> Statement:
    payload = {name.replace("_", "-"): value for name, value in values.items()}
    return Statement(id="h", code="modify-headers", payload=payload)


def query(**values: object) -> Statement:
    return Statement(id="q", code="modify-query", payload=values)


FIELDS = (("accept", "*/*"), ("x-tier", "bronze"), ("x-tier", "none"), ("x-user", "mallory"))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], FIELDS),
        ([query(a="b")], FIELDS),
        ([headers(X_Tier="gold")],
         (("accept", "*/*"), ("x-user", "mallory"), ("x-tier", "gold"))),
        ([headers(x_tier=["a", "b"]), headers(x_user=None)],
         (("accept", "*/*"), ("x-tier", "a"), ("x-tier", "b"))),
        ([headers(x_new="")], (*FIELDS, ("x-new", ""))),
    ],
)  # fmt: skip
def test_what_a_statement_sets_replaces_what_was_there(
    statements: list[Statement], expected: object
) -> None:
    assert changed_fields(FIELDS, statements) == expected


@pytest.mark.parametrize(
    ("before", "statements", "after"),
    [
        ("", [query(tenant="a b&c")], "tenant=a%20b%26c"),
        ("x=1&tenant=evil&y", [query(tenant="acme")], "x=1&y&tenant=acme"),
        ("ten%61nt=evil&TENANT=kept", [query(tenant="acme")], "TENANT=kept&tenant=acme"),
        ("a=1&a=2", [query(a=["3", "4"])], "a=3&a=4"),
        ("a=1&b=%zz", [query(a=None)], "b=%zz"),
        ("a=1&&b", [], "a=1&&b"),
        ("a=1", [headers(x="y")], "a=1"),
    ],
)
def test_parameters_are_compared_decoded_and_the_others_stay_as_they_are(
    before: str, statements: list[Statement], after: str
) -> None:
    assert changed_query(before, statements) == after
