"""How types are written for people."""

from __future__ import annotations

import pytest

from deemster.policy.expressions.types import INT, LIST_OF_STRING, STRING, Narrowing, type_named


@pytest.mark.parametrize(
    ("narrowing", "text"),
    [
        (Narrowing(STRING), "string"),
        (Narrowing(LIST_OF_STRING), "list<string>"),
        (Narrowing(INT, None, 0, 9), "int 0..9"),
        (Narrowing(INT, None, 18, None), "int at least 18"),
        (Narrowing(INT, None, None, 9), "int at most 9"),
        (Narrowing(INT, (1, 2)), "int one of `1`, `2`"),
        (Narrowing(STRING, ("gold", "silver")), "string one of `gold`, `silver`"),
    ],
)
def test_a_type_is_written_with_what_narrows_it(narrowing: Narrowing, text: str) -> None:
    assert str(narrowing) == text


@pytest.mark.parametrize(
    "name", ["string", "int", "bool", "timestamp", "duration", "list<string>", "list<int>"]
)
def test_a_type_is_found_by_the_name_it_is_written_with(name: str) -> None:
    assert str(type_named(name)) == name


def test_true_is_not_among_the_numbers() -> None:
    assert not Narrowing(INT, (1, 2)).admits(True)
