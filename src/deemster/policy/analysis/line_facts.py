"""What the other lines of `allow` require, as requirements on the names that its `when` reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.analysis.contradictions import Goal, Want
from deemster.policy.expressions import terms
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.types import STRING

__all__ = ["line_facts"]

_Allow = tree.AllowPublic | tree.AllowAuthenticated | tree.AllowLines | None


def line_facts(allow: _Allow, when: CheckedExpr) -> tuple[Goal, ...]:
    """Requirements that hold wherever the lines do; of names that `when` does not read none."""
    if not isinstance(allow, tree.AllowLines):
        return ()
    reads = {read.name: read for read in _reads(when.term)}
    found: list[Goal] = []
    groups = allow.groups
    for name, members in (
        ("claims.scope", allow.scopes),
        ("user.permissions", allow.permissions),
        (
            "user.groups",
            groups.names if groups and groups.match is tree.GroupMatch.EXACT else None,
        ),
    ):
        if members is not None and name in reads:
            found.extend(_members(reads[name], members))
    if allow.acr is not None and "claims.acr" in reads:
        found.append(_one_of(reads["claims.acr"], allow.acr))
    return tuple(found)


def _reads(term: Term) -> Iterator[terms.ClaimRead | terms.UserRead]:
    """Built-in names; a declared one of the same name would be another."""
    ahead = [term]
    while ahead:
        found = ahead.pop()
        if isinstance(found, terms.ClaimRead | terms.UserRead) and found.declared_at is None:
            yield found
        ahead.extend(terms.operands(found))


def _members(collection: Term, members: tree.AnyAll) -> Iterator[Goal]:
    for text in members.all_of:
        yield _member(text, collection)
    if members.any_of:
        ways = tuple(_member(text, collection).term for text in members.any_of)
        yield Goal(terms.Disjunction(ways, members.span), Want.TRUE)


def _member(text: tree.Text, collection: Term) -> Goal:
    element = terms.Constant(text.value, STRING, text.span)
    return Goal(terms.MembershipTerm(element, collection, text.span), Want.TRUE)


def _one_of(read: Term, accepted: Iterable[tree.Text]) -> Goal:
    ways = [terms.ComparisonTerm("==", read, _text(text), text.span) for text in accepted]
    span: SourceSpan = ways[0].span.joined_with(ways[-1].span)
    return Goal(terms.Disjunction(tuple(ways), span), Want.TRUE)


def _text(text: tree.Text) -> terms.Constant:
    return terms.Constant(text.value, STRING, text.span)
