"""A condition that passed the checker, and what is known of it without evaluating it."""

from __future__ import annotations

from dataclasses import dataclass

from deemster.policy.expressions import terms
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.types import Type

__all__ = ["CheckedExpr", "can_fail", "measured", "reads"]


@dataclass(frozen=True, slots=True, eq=False)
class CheckedExpr:
    """`term` is the resolved expression.

    `reads` are the dotted names it reads, named conditions included (`claims.acr`, `user.groups`,
    `request.ip`, `request.headers.x-tenant`, `params.id`; `has(user)` reads `user`, `time.local`
    reads `request.time`). `can_fail` says whether it may be in error for some values; it may say
    so wrongly, but never the other way round. `weight` counts terms with named conditions
    written out, `depth` how many lie one in another.
    """

    term: Term
    reads: frozenset[str]
    can_fail: bool
    weight: int
    depth: int

    @property
    def type(self) -> Type:
        """The type of its value."""
        return self.term.type


def reads(checked: CheckedExpr) -> frozenset[str]:
    """The dotted names that the condition reads, through named conditions."""
    return checked.reads


def can_fail(checked: CheckedExpr) -> bool:
    """False only if the condition has a value whatever the call, the token and the user are."""
    return checked.can_fail


def measured(term: Term) -> CheckedExpr:
    """The term with its measures. A named condition brings its own, so shared bodies cost once."""
    if isinstance(term, terms.ConditionTerm):
        body = term.body
        return CheckedExpr(term, body.reads, body.can_fail, body.weight + 1, body.depth + 1)
    measures = _Measures()
    depth = measures.take(term)
    return CheckedExpr(term, frozenset(measures.reads), measures.can_fail, measures.weight, depth)


class _Measures:
    """What is added up over the parts of a term."""

    __slots__ = ("can_fail", "reads", "weight")

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.can_fail = False
        self.weight = 0

    def take(self, term: Term) -> int:
        """Count a term and all its parts; how deep it is."""
        if isinstance(term, terms.ConditionTerm):
            body = term.body
            self.reads |= body.reads
            self.can_fail = self.can_fail or body.can_fail
            self.weight += body.weight + 1
            return body.depth + 1
        if isinstance(term, _NAMING):
            self.reads |= _names_of(term)
        self.can_fail = self.can_fail or terms.can_fail_alone(term)
        self.weight += 1
        deepest = 0
        for part in terms.operands(term):
            deepest = max(deepest, self.take(part))
        return deepest + 1


_NAMING = terms.Read | terms.Presence | terms.UserPresence


def _names_of(term: Term) -> frozenset[str]:
    if isinstance(term, terms.UserPresence):
        return frozenset({"user"})
    if isinstance(term, terms.Presence):
        return _names_of(term.read)
    if isinstance(term, terms.LocalTimeRead):
        return frozenset({"request.time"})
    if isinstance(term, terms.AttributeRead):
        return term.attribute.reads | {term.name}
    if isinstance(term, terms.Read):
        return frozenset({term.name})
    return frozenset()
