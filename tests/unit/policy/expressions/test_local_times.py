"""What the clocks of a place show: over the changes of daylight saving time, and at the ends."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import EvaluationError
from deemster.policy.expressions.closures import compile_expression
from deemster.policy.expressions.local_clock import LocalClock
from deemster.policy.expressions.local_times import _ZONE_NAME
from deemster.policy.expressions.terms import LocalTimeField
from tests.support.conditions import a_library, a_scope, checked_value, values
from tests.support.scale import scaled

ZONES = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()


def epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def shown(zone: str, now: float) -> tuple[object, ...]:
    return tuple(LocalClock(ZoneInfo(zone), field).at(now) for field in LocalTimeField)


# Instant, zone, then hour, minute of the day, weekday, date.
CLOCKS = [
    ("2026-11-23T09:00:00Z", "Europe/Berlin", 10, 600, 1, "2026-11-23"),
    ("2026-11-22T23:30:00Z", "Europe/Berlin", 0, 30, 1, "2026-11-23"),
    ("2026-11-22T22:59:59.999999Z", "Europe/Berlin", 23, 1439, 7, "2026-11-22"),
    # Spring: at 02:00 the clocks go to 03:00. No clock shows 02:30 that night.
    ("2026-03-29T00:59:59Z", "Europe/Berlin", 1, 119, 7, "2026-03-29"),
    ("2026-03-29T01:00:00Z", "Europe/Berlin", 3, 180, 7, "2026-03-29"),
    ("2026-03-29T01:30:00Z", "Europe/Berlin", 3, 210, 7, "2026-03-29"),
    # Autumn: at 03:00 the clocks go back to 02:00. They show 02:30 twice.
    ("2026-10-25T00:30:00Z", "Europe/Berlin", 2, 150, 7, "2026-10-25"),
    ("2026-10-25T00:59:59Z", "Europe/Berlin", 2, 179, 7, "2026-10-25"),
    ("2026-10-25T01:00:00Z", "Europe/Berlin", 2, 120, 7, "2026-10-25"),
    ("2026-10-25T01:30:00Z", "Europe/Berlin", 2, 150, 7, "2026-10-25"),
    ("2026-10-25T02:00:00Z", "Europe/Berlin", 3, 180, 7, "2026-10-25"),
    ("2026-11-01T05:59:59Z", "America/New_York", 1, 119, 7, "2026-11-01"),
    ("2026-11-01T06:00:00Z", "America/New_York", 1, 60, 7, "2026-11-01"),
    # Half an hour of daylight saving time, on offsets of half hours.
    ("2026-10-03T15:29:59Z", "Australia/Lord_Howe", 1, 119, 7, "2026-10-04"),
    ("2026-10-03T15:30:00Z", "Australia/Lord_Howe", 2, 150, 7, "2026-10-04"),
    ("2026-06-01T18:29:59Z", "Asia/Kolkata", 23, 1439, 1, "2026-06-01"),
    ("2026-06-01T18:30:00Z", "Asia/Kolkata", 0, 0, 2, "2026-06-02"),
    # A day that never was: Samoa went over the date line.
    ("2011-12-30T09:59:59Z", "Pacific/Apia", 23, 1439, 4, "2011-12-29"),
    ("2011-12-30T10:00:00Z", "Pacific/Apia", 0, 0, 6, "2011-12-31"),
    # Before zones there was the sun: 53 minutes and 28 seconds, changed within a minute.
    ("1893-03-31T23:06:31Z", "Europe/Berlin", 23, 1439, 5, "1893-03-31"),
    ("1893-03-31T23:06:32Z", "Europe/Berlin", 0, 6, 6, "1893-04-01"),
    ("1969-12-31T23:59:59.5Z", "UTC", 23, 1439, 3, "1969-12-31"),
    ("1970-01-01T00:00:00Z", "UTC", 0, 0, 4, "1970-01-01"),
    ("2024-02-29T12:00:00Z", "UTC", 12, 720, 4, "2024-02-29"),
    ("2026-01-01T11:00:00Z", "Pacific/Kiritimati", 1, 60, 5, "2026-01-02"),
]


@pytest.mark.parametrize(("instant", "zone", "hour", "minute", "weekday", "day"), CLOCKS)
def test_the_clocks_of_a_place(
    instant: str, zone: str, hour: int, minute: int, weekday: int, day: str
) -> None:
    assert shown(zone, epoch(instant)) == (hour, minute, weekday, day)


@given(
    st.sampled_from(ZONES),
    st.one_of(
        st.floats(epoch("1880-01-01T00:00:00Z"), epoch("2200-01-01T00:00:00Z")),
        st.integers(-2_000_000_000, 4_000_000_000),
    ),
    st.lists(st.integers(-200, 200), max_size=3),
)
@settings(max_examples=scaled(20_000))
def test_a_clock_shows_what_the_standard_library_shows(
    zone: str, now: float, steps: list[int]
) -> None:
    clocks = [LocalClock(ZoneInfo(zone), field) for field in LocalTimeField]
    # Asked again close by: what a clock remembers is only a matter of speed.
    for instant in (now, *(now + step for step in steps), now):
        local = datetime.fromtimestamp(int(instant // 1), ZoneInfo(zone))
        assert [clock.at(instant) for clock in clocks] == [
            local.hour,
            local.hour * 60 + local.minute,
            local.isoweekday(),
            local.date().isoformat(),
        ]


def transitions(zone: str) -> Iterator[int]:
    """Of a TZif file, version 2 or later (RFC 8536 3): after the block for old readers."""
    content = resources.files("tzdata.zoneinfo").joinpath(*zone.split("/")).read_bytes()
    utc, standard, leaps, times, types, letters = struct.unpack(">6l", content[20:44])
    second = 44 + times * 5 + types * 6 + letters + leaps * 8 + standard + utc
    (count,) = struct.unpack(">l", content[second + 32 : second + 36])
    yield from struct.unpack(f">{count}q", content[second + 44 : second + 44 + 8 * count])


def test_no_zone_changes_its_clocks_twice_within_a_minute() -> None:
    for zone in ZONES:
        at = list(transitions(zone))
        gaps = [later - earlier for earlier, later in pairwise(at)]
        assert min(gaps, default=60) >= 60, zone


def test_every_zone_of_the_database_has_a_name_that_is_taken() -> None:
    refused = [zone for zone in ZONES if _ZONE_NAME.fullmatch(zone) is None]
    assert refused == ["Factory"]


def test_a_zone_may_be_a_named_constant() -> None:
    scope = a_scope(a_library({"OFFICE": "Europe/Berlin"}))
    hour = compile_expression(checked_value("time.local(OFFICE).hour", scope))
    assert hour(values(now=epoch("2026-11-23T09:00:00Z"))) == 10


@pytest.mark.parametrize("now", [1e18, -1e18, 253_402_300_800.0, -62_135_596_801.0])
def test_an_instant_beyond_the_calendar_is_an_error(now: float) -> None:
    day = compile_expression(checked_value("time.local('UTC').date"))
    with pytest.raises(EvaluationError, match="no local form"):
        day(values(now=now))


def test_the_first_and_the_last_minute_of_the_calendar() -> None:
    assert shown("UTC", epoch("0001-01-01T00:00:00Z")) == (0, 0, 1, "0001-01-01")
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    assert shown("UTC", last) == (23, 1439, 5, "9999-12-31")
