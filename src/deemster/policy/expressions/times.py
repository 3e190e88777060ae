"""Times as seconds, whole or in microseconds: constants, and their sums and differences."""

from __future__ import annotations

import re
from datetime import datetime
from fractions import Fraction

__all__ = [
    "DURATION_MAX",
    "MICROSECONDS",
    "TIMESTAMP_MAX",
    "TIMESTAMP_MIN",
    "added",
    "duration_seconds",
    "subtracted",
    "timestamp_seconds",
]

# RFC 3339 with years 0001 to 9999, CEL's range.
TIMESTAMP_MIN = -62_135_596_800
TIMESTAMP_MAX = 253_402_300_800  # exclusive
MICROSECONDS = 1_000_000
"""The smallest part of a second that is told apart: of seconds as floats more is noise."""
DURATION_MAX = 9_223_372_036
"""Seconds, either sign, 292 years: in CEL a duration has 64 bits of nanoseconds."""

_TIMESTAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d{1,6})?"
    r"([Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)
_DURATION = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{1,9})?(?:h|ms|m|s|us|ns))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)", re.ASCII)
_UNITS = {
    "h": Fraction(3600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1000),
    "us": Fraction(1, 1_000_000),
    "ns": Fraction(1, 1_000_000_000),
}


def timestamp_seconds(text: str) -> int | float | None:
    """Seconds since 1970 of an RFC 3339 time with its offset; None if the text is none."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    date, clock, fraction, offset = found.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{offset.upper().replace('Z', '+00:00')}")
    except ValueError:
        return None
    since_epoch = moment - _EPOCH
    seconds = Fraction(since_epoch.days * 86_400 + since_epoch.seconds)
    seconds += Fraction(fraction or "0")
    return _number(seconds) if TIMESTAMP_MIN <= seconds < TIMESTAMP_MAX else None


def duration_seconds(text: str) -> int | float | None:
    """Seconds of `300s`, `1h30m`, `-1.5s`, `250ms`; None if the text is none of these."""
    if _DURATION.fullmatch(text) is None:
        return None
    total = sum(
        (Fraction(amount) * _UNITS[unit] for amount, unit in _PART.findall(text)), Fraction(0)
    )
    if total > DURATION_MAX or (total * MICROSECONDS).denominator != 1:
        return None
    return _number(-total if text.startswith("-") else total)


def added(left: int | float, right: int | float) -> int | float:
    """The sum of two times, exact to the microsecond up to the year 2106."""
    if type(left) is int and type(right) is int:
        return left + right
    # Sums of floats would drift by less than a microsecond, and `==` would fail.
    return (round(left * MICROSECONDS) + round(right * MICROSECONDS)) / MICROSECONDS


def subtracted(left: int | float, right: int | float) -> int | float:
    """The difference of two times, as exact."""
    if type(left) is int and type(right) is int:
        return left - right
    return (round(left * MICROSECONDS) - round(right * MICROSECONDS)) / MICROSECONDS


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _number(seconds: Fraction) -> int | float:
    return int(seconds) if seconds.denominator == 1 else float(seconds)
