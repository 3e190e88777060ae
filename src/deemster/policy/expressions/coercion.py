"""Values from outside ► values of a declared type; what does not fit is an error when read.

A JSON `true` is no int, `1.0` is no int, and a number outside 64 bits is no number of ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum

from deemster.policy.expressions.times import TIMESTAMP_MAX, TIMESTAMP_MIN, timestamp_seconds
from deemster.policy.expressions.types import INT_MAX, INT_MIN, ListType, Narrowing, Scalar

__all__ = ["MISFIT", "Coercion", "Misfit", "coercion_of", "directory_coercion_of"]


class Misfit(Enum):
    """The type of the one marker `MISFIT`."""

    MARKER = "misfit"


MISFIT = Misfit.MARKER

Coercion = Callable[[object], object]
"""A present JSON value ► the value, or MISFIT."""


def coercion_of(narrowing: Narrowing) -> Coercion:
    """For a claim: JSON scalars and lists; a timestamp is a NumericDate (RFC 7519 2)."""
    if isinstance(narrowing.type, ListType):
        assert_element = narrowing.type.element
        return _list_of(_scalar(assert_element, narrowing)) if assert_element else _never
    return _scalar(narrowing.type, narrowing)


def directory_coercion_of(narrowing: Narrowing) -> Coercion:
    """For a user attribute: the same, and a timestamp may also be RFC 3339 text."""
    if narrowing.type is Scalar.TIMESTAMP:
        return _timestamp_or_text
    return coercion_of(narrowing)


def _scalar(kind: Scalar, narrowing: Narrowing) -> Coercion:
    if kind is Scalar.STRING:
        return _string_among(narrowing.enum) if narrowing.enum is not None else _string
    if kind is Scalar.INT:
        return _int_among(narrowing)
    if kind is Scalar.BOOL:
        return _bool
    return _timestamp if kind is Scalar.TIMESTAMP else _never


def _never(value: object) -> object:
    del value
    return MISFIT


def _string(value: object) -> object:
    return value if type(value) is str else MISFIT


def _string_among(enum: tuple[object, ...]) -> Coercion:
    admitted = frozenset(enum)

    def among(value: object) -> object:
        return value if type(value) is str and value in admitted else MISFIT

    return among


def _int_among(narrowing: Narrowing) -> Coercion:
    low = INT_MIN if narrowing.minimum is None else narrowing.minimum
    high = INT_MAX if narrowing.maximum is None else narrowing.maximum
    admitted = None if narrowing.enum is None else frozenset(narrowing.enum)

    def among(value: object) -> object:
        if type(value) is not int or not low <= value <= high:
            return MISFIT
        return value if admitted is None or value in admitted else MISFIT

    return among


def _bool(value: object) -> object:
    return value if type(value) is bool else MISFIT


def _timestamp(value: object) -> object:
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return value if TIMESTAMP_MIN <= value < TIMESTAMP_MAX else MISFIT
    return MISFIT


def _timestamp_or_text(value: object) -> object:
    if type(value) is not str:
        return _timestamp(value)
    seconds = timestamp_seconds(value)
    return MISFIT if seconds is None else seconds


def _list_of(member: Coercion) -> Coercion:
    def every(value: object) -> object:
        if not isinstance(value, list | tuple | frozenset):
            return MISFIT
        for one in value:
            if member(one) is MISFIT:
                return MISFIT
        return value

    return every
