"""Two terms that say the same: a key that leaves out where they stand."""

from __future__ import annotations

from collections.abc import Hashable

from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.terms import (
    AccessRead,
    AttributeRead,
    ClaimRead,
    ConditionTerm,
    Term,
    UserRead,
)

__all__ = ["Key", "key_of", "same_condition"]

Key = Hashable

_PLACES = frozenset({"span", "declared_at"})


def key_of(term: Term) -> Key:
    """Equal for terms that have the same value whatever the call: a named condition is its body.

    Nothing is rearranged, so terms with different keys may mean the same all the same.
    """
    while isinstance(term, ConditionTerm):
        term = term.body.term
    return _key(term)


def same_condition(left: CheckedExpr | None, right: CheckedExpr | None) -> bool:
    """Whether two conditions are written alike; None is no condition."""
    if left is None or right is None:
        return left is right
    return left.reads == right.reads and key_of(left.term) == key_of(right.term)


def _key(value: object) -> Key:
    if isinstance(value, CheckedExpr):
        return key_of(value.term)
    if isinstance(value, ConditionTerm):
        return key_of(value)
    if isinstance(value, AttributeRead):
        # However an attribute is imported, it is fetched once a decision.
        return (AttributeRead, value.attribute.id)
    if isinstance(value, ClaimRead | UserRead | AccessRead):
        # One declaration says everything else; what was built in has none, and one meaning.
        return (type(value), value.name, value.declared_at)
    if isinstance(value, tuple):
        return tuple(_key(item) for item in value)
    members: tuple[str, ...] = getattr(type(value), "__slots__", ())
    if "span" in members:
        parts = [_key(getattr(value, name)) for name in members if name not in _PLACES]
        return (type(value), *parts)
    # True == 1, and they are different constants.
    return (type(value), value)
