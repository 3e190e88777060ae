"""Types of values, and the ranges and enumerations that narrow a declared name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "BOOL",
    "DURATION",
    "INT",
    "INT_MAX",
    "INT_MIN",
    "LIST_OF_INT",
    "LIST_OF_STRING",
    "STRING",
    "TIMESTAMP",
    "ListType",
    "Narrowing",
    "Scalar",
    "Type",
    "type_named",
]

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1


class Scalar(Enum):
    """Types without parts. At run time: bool, int, str; seconds (int or float) for the last two."""

    BOOL = "bool"
    INT = "int"
    STRING = "string"
    TIMESTAMP = "timestamp"
    DURATION = "duration"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class ListType:
    """`list<element>`; None is the element of `[]`, which fits every list."""

    element: Scalar | None

    def __str__(self) -> str:
        return "list" if self.element is None else f"list<{self.element}>"


Type = Scalar | ListType

BOOL, INT, STRING, TIMESTAMP, DURATION = Scalar
LIST_OF_STRING = ListType(STRING)
LIST_OF_INT = ListType(INT)

_BY_NAME: dict[str, Type] = {
    **{scalar.value: scalar for scalar in Scalar},
    **{f"list<{scalar.value}>": ListType(scalar) for scalar in Scalar},
}


def type_named(name: str) -> Type:
    """The type that a declaration writes as `name` (`string`, `list<int>`); KeyError if none."""
    return _BY_NAME[name]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A type with the values a declaration admits; of a list, those of each member."""

    type: Type
    enum: tuple[object, ...] | None = None
    minimum: int | None = None
    maximum: int | None = None

    def admits(self, constant: object) -> bool:
        """Whether a constant of the type (of a list: one member) is among the admitted values."""
        if self.enum is not None:
            # True == 1 in Python, not here: bool and int are two types.
            return any(type(constant) is type(one) and constant == one for one in self.enum)
        if isinstance(constant, int):
            return (self.minimum is None or constant >= self.minimum) and (
                self.maximum is None or constant <= self.maximum
            )
        return True

    def admits_all(self, constants: tuple[object, ...]) -> bool:
        """Whether every one of many constants is admitted, without comparing each with each."""
        if self.enum is None:
            return all(map(self.admits, constants))
        admitted = {(type(one), one) for one in self.enum}
        return all((type(constant), constant) in admitted for constant in constants)

    def __str__(self) -> str:
        """`int 0..9`, `string one of `gold`, `silver``, or the type alone."""
        if self.enum is not None:
            return f"{self.type} one of " + ", ".join(f"`{_written(one)}`" for one in self.enum)
        if self.minimum is None and self.maximum is None:
            return str(self.type)
        if self.minimum is None:
            return f"{self.type} at most {self.maximum}"
        if self.maximum is None:
            return f"{self.type} at least {self.minimum}"
        return f"{self.type} {self.minimum}..{self.maximum}"


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
