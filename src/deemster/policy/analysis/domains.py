"""The values that a scalar name may still have under what has been required of it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from deemster.policy.expressions.ast import ComparisonOperator
from deemster.policy.expressions.types import BOOL, INT, Type

__all__ = ["COMPLEMENT", "Domain", "compare"]

COMPLEMENT: dict[ComparisonOperator, ComparisonOperator] = {
    "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
}  # fmt: skip
"""What holds where a comparison is false."""

_MOST_COUNTED = 64
"""Integers between two bounds that are looked at one by one."""

Bound = tuple[object, bool]
"""(value, whether the value itself is excluded)."""


def compare(left: object, operator: ComparisonOperator, right: object) -> bool:
    """A comparison of two values of one type, as conditions make it."""
    if operator == "==":
        return left == right
    if operator == "!=":
        return left != right
    return _ORDERINGS[operator](left, right)


_ORDERINGS: dict[ComparisonOperator, Callable[[object, object], bool]] = {
    "<": lambda left, right: left < right,  # type: ignore[operator]  # the checker saw to it
    "<=": lambda left, right: left <= right,  # type: ignore[operator]
    ">": lambda left, right: left > right,  # type: ignore[operator]
    ">=": lambda left, right: left >= right,  # type: ignore[operator]
}


class Domain:
    """All values of a type, less those that some requirement excludes.

    `is_empty` is sound and incomplete: where it is true, no value is left.
    """

    __slots__ = (
        "_allowed",
        "_excluded",
        "_high",
        "_low",
        "_prefixes",
        "_suffixes",
        "_tests",
        "type",
    )

    def __init__(self, type_: Type) -> None:
        self.type = type_
        self._allowed: frozenset[object] | None = None
        self._excluded: list[Collection[object]] = []
        self._low: Bound | None = None
        self._high: Bound | None = None
        self._prefixes: list[str] = []
        self._suffixes: list[str] = []
        self._tests: list[Callable[[object], bool]] = []

    def only(self, values: Collection[object]) -> None:
        """One of these."""
        found = frozenset(values)
        self._allowed = found if self._allowed is None else self._allowed & found

    def without(self, values: Collection[object]) -> None:
        """None of these."""
        self._excluded.append(values)

    def compared(self, operator: ComparisonOperator, constant: object) -> None:
        """`x < constant` holds."""
        if operator == "==":
            self.only((constant,))
        elif operator == "!=":
            self.without((constant,))
        elif operator in ("<", "<="):
            self._at_most((constant, operator == "<"))
        else:
            self._at_least((constant, operator == ">"))

    def tested(self, test: Callable[[object], bool]) -> None:
        """`test(value)` is true."""
        self._tests.append(test)

    def starts(self, prefix: str) -> None:
        """A text that begins so."""
        self._prefixes.append(prefix)

    def ends(self, suffix: str) -> None:
        """A text that ends so."""
        self._suffixes.append(suffix)

    def absorb(self, other: Domain) -> None:
        """What was required of a name that has the same value."""
        if other._allowed is not None:
            self.only(other._allowed)
        self._excluded += other._excluded
        if other._low is not None:
            self._at_least(other._low)
        if other._high is not None:
            self._at_most(other._high)
        self._prefixes += other._prefixes
        self._suffixes += other._suffixes
        self._tests += other._tests

    @property
    def is_empty(self) -> bool:
        """Whether no value is left, as far as that is seen."""
        candidates = self._candidates()
        if candidates is not None:
            return not any(self._admits(value) for value in candidates)
        return self._are_bounds_crossed() or self._are_affixes_apart()

    # --- bounds ---------------------------------------------------------------------------------

    def _at_least(self, bound: Bound) -> None:
        low = self._low
        # Of equal bounds the one that excludes its value is the stricter.
        if low is None or compare(bound[0], ">", low[0]) or (bound[0] == low[0] and bound[1]):
            self._low = bound

    def _at_most(self, bound: Bound) -> None:
        high = self._high
        if high is None or compare(bound[0], "<", high[0]) or (bound[0] == high[0] and bound[1]):
            self._high = bound

    def _are_bounds_crossed(self) -> bool:
        if self._low is None or self._high is None:
            return False
        (low, is_low_out), (high, is_high_out) = self._low, self._high
        return compare(low, ">", high) or (low == high and (is_low_out or is_high_out))

    def _candidates(self) -> Collection[object] | None:
        """All values that are worth a look, where they can be counted."""
        if self._allowed is not None:
            return self._allowed
        if self.type is BOOL:
            return (True, False)
        if self.type is not INT or self._low is None or self._high is None:
            return None
        (low, is_low_out), (high, is_high_out) = self._low, self._high
        if not isinstance(low, int) or not isinstance(high, int):
            return None
        found = range(low + is_low_out, high + 1 - is_high_out)
        return found if len(found) <= _MOST_COUNTED else None

    # --- one value ------------------------------------------------------------------------------

    def _admits(self, value: object) -> bool:
        return (
            not any(value in values for values in self._excluded)
            and self._is_within(value)
            and all(isinstance(value, str) and value.startswith(text) for text in self._prefixes)
            and all(isinstance(value, str) and value.endswith(text) for text in self._suffixes)
            and all(test(value) for test in self._tests)
        )

    def _is_within(self, value: object) -> bool:
        for bound, inner, outer in ((self._low, ">=", ">"), (self._high, "<=", "<")):
            if bound is not None:
                limit, is_out = bound
                if not _ORDERINGS[outer if is_out else inner](value, limit):  # type: ignore[index]
                    return False
        return True

    def _are_affixes_apart(self) -> bool:
        longest = max(self._prefixes, key=len, default="")
        if not all(longest.startswith(prefix) for prefix in self._prefixes):
            return True
        longest = max(self._suffixes, key=len, default="")
        return not all(longest.endswith(suffix) for suffix in self._suffixes)
