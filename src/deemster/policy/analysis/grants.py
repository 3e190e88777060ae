"""Whether one operation's grant asks for all that another's asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.analysis.duplicates import node_key
from deemster.policy.analysis.structure import Key, key_of
from deemster.policy.expressions import terms
from deemster.policy.expressions.terms import Term
from deemster.policy.resolved import ResolvedOperation, ResolvedPolicy

__all__ = ["what_is_missing"]


def what_is_missing(stricter: ResolvedOperation, other: ResolvedOperation) -> str | None:
    """What `stricter` requires and `other` does not, in words; None if that is nothing.

    Sound in one direction: None means that whoever may call `other` meets all that `stricter`
    asks for. Where two grants are only written differently, something may be named.
    """
    if stricter.public:
        return None
    if other.public:
        return "a credential"
    ours, theirs = stricter.operation.allow, other.operation.allow
    if isinstance(ours, tree.AllowLines):
        asked = theirs if isinstance(theirs, tree.AllowLines) else _NO_LINES
        missing = next(_missing_lines(ours, asked), None)
        if missing is not None:
            return missing
        if stricter.when is not None and not _conjuncts(stricter) <= _conjuncts(other):
            return "the condition `when`"
    return _missing_policies(stricter, other)


def _missing_policies(stricter: ResolvedOperation, other: ResolvedOperation) -> str | None:
    # Deny-overrides over more policies may permit where fewer do not: only equal lists compare.
    if stricter.policies and _keys(stricter.policies) != _keys(other.policies):
        return _named("policy", "policies", stricter.policies)
    more = _keys(stricter.guards) - _keys(other.guards)
    guards = [guard for guard in stricter.guards if node_key(guard) in more]
    return _named("guard", "guards", guards) if guards else None


def _keys(policies: Iterable[ResolvedPolicy]) -> Counter[Key]:
    return Counter(node_key(policy) for policy in policies)


def _named(one: str, several: str, policies: Sequence[ResolvedPolicy]) -> str:
    names = ", ".join(f"`{policy.name}`" for policy in policies)
    return f"the {one if len(policies) == 1 else several} {names}"


def _conjuncts(operation: ResolvedOperation) -> frozenset[Key]:
    return frozenset() if operation.when is None else frozenset(_parts(operation.when.term))


def _parts(term: Term) -> Iterator[Key]:
    while isinstance(term, terms.ConditionTerm):
        term = term.body.term
    if isinstance(term, terms.Conjunction):
        for operand in term.operands:
            yield from _parts(operand)
    else:
        yield key_of(term)


# --- the lines of `allow` -----------------------------------------------------------------------


def _missing_lines(ours: tree.AllowLines, theirs: tree.AllowLines) -> Iterator[str]:
    yield from _missing_names("scope", ours.scopes, theirs.scopes)
    if ours.groups is not None:
        same = theirs.groups is not None and theirs.groups.match is ours.groups.match
        asked = theirs.groups.names if theirs.groups is not None and same else None
        yield from _missing_names("group", ours.groups.names, asked)
    yield from _missing_names("permission", ours.permissions, theirs.permissions)
    if ours.acr is not None:
        accepted = {text.value for text in ours.acr}
        if theirs.acr is None or not {text.value for text in theirs.acr} <= accepted:
            yield f"authentication by {_listed(ours.acr)}"
    if ours.max_age is not None and (theirs.max_age is None or theirs.max_age > ours.max_age):
        yield f"authentication within {ours.max_age} s"


def _missing_names(
    what: str, ours: tree.AnyAll | None, theirs: tree.AnyAll | None
) -> Iterator[str]:
    if ours is None:
        return
    all_theirs = {text.value for text in theirs.all_of} if theirs is not None else set[str]()
    any_theirs = {text.value for text in theirs.any_of} if theirs is not None else set[str]()
    for text in ours.all_of:
        # `any: [x]` asks for x just as `all: [x]` does.
        if text.value not in all_theirs and any_theirs != {text.value}:
            yield f"the {what} `{text.value}`"
    wanted = {text.value for text in ours.any_of}
    is_met = not all_theirs.isdisjoint(wanted) or (any_theirs and any_theirs <= wanted)
    if wanted and not is_met:
        yield f"the {what} {_listed(ours.any_of)}"


def _listed(texts: Sequence[tree.Text]) -> str:
    return " or ".join(f"`{text.value}`" for text in texts)


_NO_LINES = tree.AllowLines(
    scopes=None,
    groups=None,
    permissions=None,
    when=None,
    acr=None,
    max_age=None,
    span=SourceSpan("", 1, 1, 1, 1),
    line_spans=(),
)
