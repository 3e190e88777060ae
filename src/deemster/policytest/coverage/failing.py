"""Whether a condition can be in error where it stands, for a call that a suite can ask about.

`CheckedExpr.can_fail` must never be too small, so it counts errors that cannot come about: of a
claim that every provider checks, of a name behind `has()`, of a value that was read already on the
way here. Nobody should be asked to test those.
"""

from __future__ import annotations

from deemster.policy.expressions import terms
from deemster.policy.expressions.guards import false_when_absent, true_when_absent
from deemster.policy.expressions.parts import parts
from deemster.policy.expressions.terms import Term, UserField
from deemster.tokens.claim_rules import CHECKED_CLAIMS

__all__ = ["USER", "can_be_in_error", "surely_read"]

USER = "user"
"""Stands, among the names that are surely there, for the user as such."""


def can_be_in_error(
    term: Term, *, sure: frozenset[str] = frozenset(), guarded: frozenset[str] = frozenset()
) -> bool:
    """`sure` are names that had a value on the way here; `guarded`, whose absence does no harm."""
    match term:
        case terms.Conjunction() | terms.Disjunction():
            absorbed = (
                false_when_absent if isinstance(term, terms.Conjunction) else true_when_absent
            )
            inside = guarded.union(*(absorbed(operand) for operand in term.operands))
            if isinstance(term, terms.Conjunction) and _asks_for_a_user(term):
                inside |= {USER}
            return any(can_be_in_error(part, sure=sure, guarded=inside) for part in term.operands)
        case terms.ConditionalTerm():
            then = guarded | false_when_absent(term.condition)
            otherwise = guarded | true_when_absent(term.condition)
            return (
                can_be_in_error(term.condition, sure=sure, guarded=guarded)
                or can_be_in_error(term.then, sure=sure, guarded=then)
                or can_be_in_error(term.otherwise, sure=sure, guarded=otherwise)
            )
        case terms.Presence():
            return _wrong(term.read, sure, guarded)
        case terms.ClaimRead() | terms.UserRead():
            absent = not term.has_default and term.name not in guarded | sure
            never_absent = isinstance(term, terms.UserRead) and _is_built_in(term)
            return _wrong(term, sure, guarded) or (absent and not never_absent)
        case _ if isinstance(term, terms.Read):
            return term.name not in sure and terms.can_fail_alone(term)
        case _:
            # Of the other terms a text that is no address can be wrong for an author's own reason;
            # a list, a text or a number beyond the language's bounds is nothing to be tested.
            alone = isinstance(term, terms.NetworkTest) and terms.can_fail_alone(term)
            return alone or any(
                can_be_in_error(operand, sure=sure, guarded=guarded)
                for operand in terms.operands(term)
            )


def surely_read(term: Term) -> frozenset[str]:
    """Names that had a value if the condition came to one: those of a condition in one part."""
    if isinstance(term, terms.Negation):
        return surely_read(term.operand)
    if isinstance(term, terms.ConditionTerm):
        return surely_read(term.body.term)
    if parts(term) or isinstance(term, terms.Presence):
        return frozenset()
    return _names(term)


def _names(term: Term) -> frozenset[str]:
    if isinstance(term, terms.UserRead):
        return frozenset({term.name, USER})
    if isinstance(term, terms.Read):
        return frozenset({term.name})
    return frozenset().union(*map(_names, terms.operands(term)))


def _wrong(read: terms.Read, sure: frozenset[str], guarded: frozenset[str]) -> bool:
    """Whether a value may be there and be none of its type, or not be there to be asked for."""
    if read.name in sure:
        return False
    if isinstance(read, terms.UserRead):
        # A client token has no user; the directory of a suite never fails.
        return USER not in sure | guarded or not _is_built_in(read)
    if isinstance(read, terms.ClaimRead):
        return read.declared_at is not None or read.claim not in CHECKED_CLAIMS
    return terms.can_fail_alone(read)


def _asks_for_a_user(term: terms.Conjunction) -> bool:
    return any(isinstance(operand, terms.UserPresence) for operand in term.operands)


def _is_built_in(read: terms.UserRead) -> bool:
    return read.field is not UserField.ATTRIBUTE
