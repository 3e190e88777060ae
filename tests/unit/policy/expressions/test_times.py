"""Constant times as seconds."""

from __future__ import annotations

import pytest

from deemster.policy.expressions.times import (
    DURATION_MAX,
    TIMESTAMP_MAX,
    TIMESTAMP_MIN,
    duration_seconds,
    timestamp_seconds,
)


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
    ],
)
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration_seconds(text) is None
