"""`+` and `-`: which types they join, and their values within bounds."""

from __future__ import annotations

from deemster.policy.expressions.ast import ArithmeticOperator
from deemster.policy.expressions.times import DURATION_MAX, TIMESTAMP_MAX, TIMESTAMP_MIN
from deemster.policy.expressions.types import INT_MAX, INT_MIN, Scalar, Type

__all__ = ["RESULTS", "in_range"]

RESULTS: dict[tuple[ArithmeticOperator, Type, Type], Scalar] = {
    ("+", Scalar.INT, Scalar.INT): Scalar.INT,
    ("-", Scalar.INT, Scalar.INT): Scalar.INT,
    ("+", Scalar.TIMESTAMP, Scalar.DURATION): Scalar.TIMESTAMP,
    ("+", Scalar.DURATION, Scalar.TIMESTAMP): Scalar.TIMESTAMP,
    ("-", Scalar.TIMESTAMP, Scalar.DURATION): Scalar.TIMESTAMP,
    ("-", Scalar.TIMESTAMP, Scalar.TIMESTAMP): Scalar.DURATION,
    ("+", Scalar.DURATION, Scalar.DURATION): Scalar.DURATION,
    ("-", Scalar.DURATION, Scalar.DURATION): Scalar.DURATION,
}
"""The type of the result; what is not here is a type error."""


def in_range(value: int | float, kind: Scalar) -> bool:
    """Whether a result is a value of its type: 64 bits, years 1 to 9999, 292 years."""
    if kind is Scalar.INT:
        return INT_MIN <= value <= INT_MAX
    if kind is Scalar.TIMESTAMP:
        return TIMESTAMP_MIN <= value < TIMESTAMP_MAX
    return -DURATION_MAX <= value <= DURATION_MAX
