"""Constant times as seconds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.policy.expressions.times import (
    DURATION_MAX,
    MICROSECONDS,
    TIMESTAMP_MAX,
    TIMESTAMP_MIN,
    added,
    duration_seconds,
    subtracted,
    timestamp_seconds,
)
from tests.support.scale import scaled


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-23T09:00:00Z", 1_795_424_400),
        ("2026-11-23T10:00:00+01:00", 1_795_424_400),
        ("2026-11-23t09:00:00z", 1_795_424_400),
        ("1969-12-31T23:59:59.5Z", -0.5),
        ("2026-11-23T09:00:00.250Z", 1_795_424_400.25),
        ("0001-01-01T00:00:00Z", TIMESTAMP_MIN),
        ("9999-12-31T23:59:59Z", TIMESTAMP_MAX - 1),
    ],
)
def test_a_timestamp_is_seconds_since_1970(text: str, seconds: float) -> None:
    assert timestamp_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T09:00:00",
        "2026-11-23 09:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-23T24:00:01Z",
        "2026-11-23T09:00:60Z",
        "2026-11-23T09:00Z",
        "2026-11-23T09:00:00+0100",
        "2026-11-23T09:00:00.Z",
        "٢٠٢٦-11-23T09:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        "9999-12-31T23:00:00-01:00",
        "1795424400",
        "2026-11-23T24:00:00Z",
        "2026-11-23T09:00:00.0000001Z",
    ],
)
def test_what_is_no_timestamp_is_none(text: str) -> None:
    assert timestamp_seconds(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("300s", 300),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("-90s", -90),
        ("+1s", 1),
        ("250ms", 0.25),
        ("1us", 0.000001),
        ("1000000000ns", 1),
        ("0s", 0),
        ("1h1m1s1ms", 3661.001),
    ],
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "300",
        "s",
        "5 m",
        "1d",
        "1h-5m",
        "PT5M",
        "1.s",
        ".5s",
        "\u0663s",
        "--1s",
        f"{DURATION_MAX + 1}s",
        "1ns",
        "0.0000001s",
    ],
)
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration_seconds(text) is None


LAST = 2**32 * MICROSECONDS  # in the year 2106


@given(st.integers(-LAST, LAST), st.integers(-LAST, LAST))
@settings(max_examples=scaled(10_000))
def test_sums_and_differences_are_exact_to_the_microsecond(left: int, right: int) -> None:
    first, second = left / MICROSECONDS, right / MICROSECONDS
    assert added(first, second) == (left + right) / MICROSECONDS
    assert subtracted(first, second) == (left - right) / MICROSECONDS


def test_whole_seconds_stay_whole_and_exact_at_any_distance() -> None:
    assert type(added(TIMESTAMP_MAX - 2, 1)) is int
    assert added(TIMESTAMP_MAX - 2, 1) == TIMESTAMP_MAX - 1
    assert subtracted(TIMESTAMP_MIN, DURATION_MAX) == TIMESTAMP_MIN - DURATION_MAX
