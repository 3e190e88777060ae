"""Taking a requirement on a condition apart into requirements on its parts.

Conditions are true, false or in error. `F && E = F`, `T || E = T`, else an error wins; so that a
conjunction is false exactly if one operand is false, and true exactly if all are true.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from deemster.policy.expressions import terms
from deemster.policy.expressions.terms import Term

__all__ = ["Every", "Goal", "Some", "Want", "take_apart"]


class Want(Enum):
    """What a condition is required to be."""

    TRUE = "true"
    FALSE = "false"
    NOT_FALSE = "true or in error"
    NOT_TRUE = "false or in error"

    @property
    def is_towards_true(self) -> bool:
        """`TRUE` and `NOT_FALSE`."""
        return self in (Want.TRUE, Want.NOT_FALSE)

    @property
    def is_hard(self) -> bool:
        """Whether an error does not satisfy it."""
        return self in (Want.TRUE, Want.FALSE)

    @property
    def opposite(self) -> Want:
        """The same, of the negation."""
        return _OPPOSITES[self]


_OPPOSITES = {
    Want.TRUE: Want.FALSE,
    Want.FALSE: Want.TRUE,
    Want.NOT_FALSE: Want.NOT_TRUE,
    Want.NOT_TRUE: Want.NOT_FALSE,
}


class Goal(NamedTuple):
    """A requirement."""

    term: Term
    want: Want


class Every(NamedTuple):
    """All of these; none is satisfied by itself."""

    goals: tuple[Goal, ...]


class Some(NamedTuple):
    """One of these ways; none cannot be satisfied. Each way is a list of requirements."""

    ways: tuple[tuple[Goal, ...], ...]


def take_apart(goal: Goal) -> Every | Some | None:
    """What a goal means for the parts of its term; None if that has no logical parts."""
    term, want = goal
    if isinstance(term, terms.Negation):
        return Every((Goal(term.operand, want.opposite),))
    if isinstance(term, terms.ConditionTerm):
        return Every((Goal(term.body.term, want),))
    if isinstance(term, terms.Conjunction | terms.Disjunction):
        goals = tuple(Goal(operand, want) for operand in term.operands)
        if isinstance(term, terms.Conjunction) is want.is_towards_true:
            return Every(goals)
        return Some(tuple((each,) for each in goals))
    if isinstance(term, terms.ConditionalTerm):
        return _conditional(term, want)
    if isinstance(term, terms.Constant) and isinstance(term.value, bool):
        return Every(()) if term.value is want.is_towards_true else Some(())
    return None


def _conditional(term: terms.ConditionalTerm, want: Want) -> Every | Some:
    if not want.is_hard:
        return Every(())  # an error of the condition alone would do
    return Some(
        (
            (Goal(term.condition, Want.TRUE), Goal(term.then, want)),
            (Goal(term.condition, Want.FALSE), Goal(term.otherwise, want)),
        )
    )
