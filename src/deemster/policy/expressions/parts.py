"""The tests that a test is made of, as evaluation takes them one after the other."""

from __future__ import annotations

from deemster.policy.expressions import terms
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.types import BOOL

__all__ = ["flattened", "parts"]


def parts(term: Term) -> tuple[Term, ...]:
    """In source order; `()` for a test that is made of values only.

    `a && (b && c)` has three: nested lists of one kind are one list, as they are evaluated.
    """
    match term:
        case terms.Conjunction() | terms.Disjunction():
            return flattened(term)
        case terms.Negation():
            return (term.operand,)
        case terms.ConditionTerm():
            return (term.body.term,)
        case terms.ConditionalTerm() if term.type is BOOL:
            return (term.condition, term.then, term.otherwise)
        case terms.ConditionalTerm():
            return (term.condition,)
        case _:
            return ()


def flattened(term: terms.Conjunction | terms.Disjunction) -> tuple[Term, ...]:
    """The operands, those of nested lists of the same kind in their place."""
    # Both are associative, errors and their order included.
    kind = type(term)
    found: list[Term] = []
    for operand in term.operands:
        if isinstance(operand, kind):
            found.extend(flattened(operand))
        else:
            found.append(operand)
    return tuple(found)
