"""Where a policy reads the caller's identity: `claims` or `user`, directly or through others."""

from __future__ import annotations

from collections.abc import Iterator

from deemster.model.source import SourceSpan
from deemster.policy.expressions import terms
from deemster.policy.expressions.terms import Term
from deemster.policy.resolved import ResolvedChild, ResolvedPolicy
from deemster.policy.statements.resolved import ResolvedStatement

__all__ = ["first_identity_read", "reads_identity"]

_ROOTS = frozenset({"claims", "user"})


def reads_identity(policy: ResolvedPolicy) -> bool:
    """Whether an enabled part of the policy reads `claims` or `user`, however indirectly."""
    return any(name.partition(".")[0] in _ROOTS for name in policy.reads)


def first_identity_read(policy: ResolvedPolicy) -> tuple[str, SourceSpan] | None:
    """The first name below `claims` or `user` that an enabled part reads, and its place.

    INVARIANT: found wherever `policy.reads` has such a name, which is what decides.
    """
    named = {name for name in policy.reads if name.partition(".")[0] in _ROOTS}
    if not named:
        return None
    for name, span in _reads_of(policy):
        if name in named:
            return name, span
    return min(named), policy.ref.span


def _reads_of(node: ResolvedChild) -> Iterator[tuple[str, SourceSpan]]:
    if not node.enabled:
        return
    for statement in node.statements:
        yield from _names_of(statement)
    if isinstance(node, ResolvedPolicy):
        if node.target is not None:
            yield from _names_in(node.target.term)
        for child in node.children:
            yield from _reads_of(child)
    elif node.when is not None:
        yield from _names_in(node.when.term)


def _names_of(statement: ResolvedStatement) -> Iterator[tuple[str, SourceSpan]]:
    for value in statement.values:
        yield from _names_in(value.term)


def _names_in(term: Term) -> Iterator[tuple[str, SourceSpan]]:
    if isinstance(term, terms.ConditionTerm):
        yield from _names_in(term.body.term)
    elif isinstance(term, terms.UserPresence):
        yield "user", term.span
    elif isinstance(term, terms.Presence):
        yield from _names_in(term.read)
    elif isinstance(term, terms.AttributeRead):
        if term.attribute.identity is not None:
            yield term.attribute.identity
    elif isinstance(term, terms.ClaimRead | terms.UserRead):
        yield term.name, term.span
    for operand in terms.operands(term):
        yield from _names_in(operand)
