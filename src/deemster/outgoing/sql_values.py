"""A database's values as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

__all__ = ["json_of"]


def json_of(value: object) -> object:
    """A database's value as JSON has it. Raises ValueError for what JSON has not."""
    if value is None:
        return None
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    raise ValueError("no JSON value")


def _number(value: Decimal) -> int | float:
    if not value.is_finite():
        raise ValueError("no JSON number")
    return int(value) if value == value.to_integral_value() else float(value)


def _float(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("no JSON number")
    return value


def _seconds(value: datetime) -> float:
    if value.tzinfo is None:
        raise ValueError("a time without its offset")
    return value.timestamp()


# In order: a bool is an int, a datetime is a date.
_CONVERSIONS: tuple[tuple[type | tuple[type, ...], Callable[[Any], object]], ...] = (
    ((str, bool, int), lambda value: value),
    (float, _float),
    (Decimal, _number),
    (datetime, _seconds),
    ((date, time), lambda value: value.isoformat()),
    (UUID, str),
    ((list, tuple), lambda value: [json_of(item) for item in value]),
    (dict, lambda value: {str(key): json_of(item) for key, item in value.items()}),
)
