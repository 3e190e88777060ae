"""Values from outside: what fits a declared type."""

from __future__ import annotations

import math

import pytest

from deemster.policy.expressions.coercion import MISFIT, coercion_of, directory_coercion_of
from deemster.policy.expressions.types import Narrowing, type_named

FITS: list[tuple[str, object]] = [
    ("string", ""),
    ("string", "a"),
    ("int", 0),
    ("int", 2**63 - 1),
    ("int", -(2**63)),
    ("bool", False),
    ("timestamp", 0),
    ("timestamp", 1.5),
    ("timestamp", -62_135_596_800),
    ("list<string>", []),
    ("list<string>", ["a"]),
    ("list<int>", [1, 2]),
]
MISFITS: list[tuple[str, object]] = [
    ("string", 1),
    ("string", ["a"]),
    ("string", {}),
    ("string", True),
    ("int", True),
    ("int", 1.0),
    ("int", "1"),
    ("int", 2**63),
    ("int", -(2**63) - 1),
    ("bool", 0),
    ("bool", "true"),
    ("timestamp", True),
    ("timestamp", "2026-11-23T09:00:00Z"),
    ("timestamp", math.nan),
    ("timestamp", math.inf),
    ("timestamp", 10**30),
    ("list<string>", "a"),
    ("list<string>", ["a", 1]),
    ("list<string>", ["a", None]),
    ("list<string>", {"a": 1}),
    ("list<int>", [1, True]),
    ("list<int>", [2**63]),
]


@pytest.mark.parametrize(("type_", "value"), FITS)
def test_a_value_of_the_type_is_kept(type_: str, value: object) -> None:
    assert coercion_of(Narrowing(type_named(type_)))(value) is value


@pytest.mark.parametrize(("type_", "value"), MISFITS)
def test_a_value_of_another_type_is_a_misfit(type_: str, value: object) -> None:
    assert coercion_of(Narrowing(type_named(type_)))(value) is MISFIT


@pytest.mark.parametrize(
    ("narrowing", "fits", "misfits"),
    [
        (Narrowing(type_named("string"), ("a", "b")), "a", "c"),
        (Narrowing(type_named("int"), (1, 3)), 3, 2),
        (Narrowing(type_named("int"), None, 0, 9), 9, 10),
        (Narrowing(type_named("int"), None, 0, None), 0, -1),
        (Narrowing(type_named("list<string>"), ("a", "b")), ["b", "a"], ["a", "c"]),
        (Narrowing(type_named("list<int>"), None, 0, 9), [0, 9], [0, 10]),
    ],
    ids=str,
)
def test_enumerations_and_ranges_hold_for_values_and_members(
    narrowing: Narrowing, fits: object, misfits: object
) -> None:
    coerce = coercion_of(narrowing)
    assert coerce(fits) == fits
    assert coerce(misfits) is MISFIT


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1970-01-01T00:01:00Z", 60), (60, 60), ("soon", MISFIT), (True, MISFIT)],
)
def test_a_directory_may_write_a_timestamp_as_text(value: object, expected: object) -> None:
    assert directory_coercion_of(Narrowing(type_named("timestamp")))(value) == expected
