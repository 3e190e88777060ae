"""Query parameters as an upstream reads them."""

from __future__ import annotations

import pytest

from deemster.policy.expressions.query import (
    MAX_PARAMETERS,
    MalformedQueryError,
    query_parameters,
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("a=1", {"a": ("1",)}),
        ("a=1&a=2&b=3", {"a": ("1", "2"), "b": ("3",)}),
        ("a", {"a": ("",)}),
        ("a=", {"a": ("",)}),
        ("=1", {"": ("1",)}),
        ("a=1=2", {"a": ("1=2",)}),
        ("&&a=1&", {"a": ("1",)}),
        ("%61=%41", {"a": ("A",)}),
        ("a=x+y%2Bz%20w", {"a": ("x y+z w",)}),
        ("a=%C3%A9", {"a": ("é",)}),
        ("a=é", {"a": ("é",)}),
        ("a=1%26b%3D2", {"a": ("1&b=2",)}),
        ("a=%2561", {"a": ("%61",)}),
        ("a=1;b=2", {"a": ("1;b=2",)}),
    ],
)
def test_names_and_values_are_decoded_once(query: str, expected: object) -> None:
    assert query_parameters(query) == expected


@pytest.mark.parametrize(
    "query",
    ["a=%", "a=%4", "a=%zz", "%=1", "a=%u0041", "a=%ff", "a=%C3", "a=%ED%A0%80", "a=\ud800"],
)
def test_what_could_be_read_in_two_ways_is_refused(query: str) -> None:
    with pytest.raises(MalformedQueryError):
        query_parameters(query)


def test_the_number_of_parameters_is_bounded() -> None:
    assert len(query_parameters("&".join(f"a{i}=1" for i in range(MAX_PARAMETERS)))) == 1000
    with pytest.raises(MalformedQueryError):
        query_parameters("&" * MAX_PARAMETERS)
