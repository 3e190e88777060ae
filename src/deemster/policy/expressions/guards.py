"""Warnings about optional names that are compared unguarded, and defaults that hide an absence.

A guard is found by what it does and not by where it stands: in `has(x) && x == 'a'`, as in
`x == 'a' && has(x)`, an absent `x` makes `has(x)` false, and false wins over the error of the
comparison in either order.
"""

from __future__ import annotations

from collections.abc import Callable

from deemster.policy.codes import Code
from deemster.policy.expressions import terms
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.declared import declared_note
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.terms import Term

__all__ = ["false_when_absent", "guards_of", "true_when_absent", "warn_unguarded"]

_NONE: frozenset[str] = frozenset()


def warn_unguarded(
    checked: CheckedExpr,
    report: Report,
    *,
    under_deny: bool,
    not_last: bool,
    guarded: frozenset[str],
) -> None:
    """Report `optional-unguarded` and `default-under-deny`, each name once."""
    _Walk(report, under_deny=under_deny, not_last=not_last).visit(
        checked.term, guarded, negated=False
    )


def guards_of(checked: CheckedExpr) -> frozenset[str]:
    """Names that are present wherever the condition is true."""
    return false_when_absent(checked.term)


class _Walk:
    """One condition, named conditions written out."""

    def __init__(self, report: Report, *, under_deny: bool, not_last: bool) -> None:
        self._report = report
        self._under_deny = under_deny
        self._not_last = not_last
        self._warned: set[str] = set()

    def visit(self, term: Term, guarded: frozenset[str], *, negated: bool) -> None:
        if isinstance(term, terms.DeclaredRead):
            self._read(term, guarded, negated=negated)
        elif isinstance(term, terms.Negation):
            self.visit(term.operand, guarded, negated=not negated)
        elif isinstance(term, terms.Conjunction):
            self._among_others(term.operands, false_when_absent, guarded, negated=negated)
        elif isinstance(term, terms.Disjunction):
            self._among_others(term.operands, true_when_absent, guarded, negated=negated)
        elif isinstance(term, terms.ConditionalTerm):
            self.visit(term.condition, guarded, negated=negated)
            self.visit(term.then, guarded | false_when_absent(term.condition), negated=negated)
            self.visit(term.otherwise, guarded | true_when_absent(term.condition), negated=negated)
        elif isinstance(term, terms.ConditionTerm):
            self._report.uses.append((term.name, term.span))
            self.visit(term.body.term, guarded, negated=negated)
            self._report.uses.pop()
        else:
            for operand in terms.operands(term):
                self.visit(operand, guarded, negated=negated)

    def _among_others(
        self,
        operands: tuple[Term, ...],
        absorbed: Callable[[Term], frozenset[str]],
        guarded: frozenset[str],
        *,
        negated: bool,
    ) -> None:
        # An operand may count as its own guard: one that is false when x is absent is not in
        # error then.
        inside = guarded.union(*(absorbed(operand) for operand in operands))
        for operand in operands:
            self.visit(operand, inside, negated=negated)

    def _read(self, read: terms.DeclaredRead, guarded: frozenset[str], *, negated: bool) -> None:
        if _key(read) in self._warned:
            return
        if read.has_default:
            # A registered list is empty when absent; its author has no other choice.
            if read.declared_at is not None and (self._under_deny or negated):
                self._warn_default(read)
        elif read.optional and _key(read) not in guarded and (self._under_deny or self._not_last):
            self._warn_unguarded(read)

    def _warn_unguarded(self, read: terms.DeclaredRead) -> None:
        self._warned.add(_key(read))
        self._report.warning(
            Code.OPTIONAL_UNGUARDED,
            f"`{read.name}` is optional and compared without `has()` "
            + ("under a deny" if self._under_deny else "in a rule that is not the last"),
            read.span,
            help=f"an absent value is an error here: write `has({read.name}) && …`"
            f" or `!has({read.name}) || …`",
            notes=declared_note(read),
        )

    def _warn_default(self, read: terms.DeclaredRead) -> None:
        self._warned.add(_key(read))
        self._report.warning(
            Code.DEFAULT_UNDER_DENY,
            f"`{read.name}` has a default, so that an absent value decides "
            + ("under a deny" if self._under_deny else "under `!`"),
            read.span,
            help="declare it `optional: true` and say by `has()` what an absent value means",
            notes=declared_note(read),
        )


def _key(read: terms.Read) -> str:
    """What tells names apart that are written alike: `attr.x` is another one in another file."""
    return f"attr {read.attribute.id}" if isinstance(read, terms.AttributeRead) else read.name


def false_when_absent(term: Term) -> frozenset[str]:
    """Names whose absence makes the term false, whatever else is in error."""
    return _absorbed(term, when=False)


def true_when_absent(term: Term) -> frozenset[str]:
    """Names whose absence makes the term true, whatever else is in error."""
    return _absorbed(term, when=True)


def _absorbed(term: Term, *, when: bool) -> frozenset[str]:
    if isinstance(term, terms.Presence):
        # With a default, `has` is true even when the value is absent.
        has_default = isinstance(term.read, terms.DeclaredRead) and (term.read.has_default)
        return _NONE if when or has_default else frozenset({_key(term.read)})
    if isinstance(term, terms.Negation):
        return _absorbed(term.operand, when=not when)
    if isinstance(term, terms.ConditionTerm):
        return _absorbed(term.body.term, when=when)
    if isinstance(term, terms.Conjunction | terms.Disjunction):
        parts = [_absorbed(operand, when=when) for operand in term.operands]
        # One false operand makes a conjunction false; all must be true to make it true.
        if isinstance(term, terms.Conjunction) is not when:
            return _NONE.union(*parts)
        return parts[0].intersection(*parts[1:])
    if isinstance(term, terms.ConditionalTerm):
        then, otherwise = (_absorbed(b, when=when) for b in (term.then, term.otherwise))
        return (false_when_absent(term.condition) & otherwise) | (
            true_when_absent(term.condition) & then
        )
    return _NONE
