"""What may come of a node, seen from its structure: a superset of its outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deemster.policy.combining import (
    DENY_OVERRIDES,
    PERMIT_OVERRIDES,
    SIMPLE_DENY_OVERRIDES,
    SIMPLE_PERMIT_OVERRIDES,
    Outcome,
    indeterminate_outcome,
    weakened_by_target_error,
)
from deemster.policy.resolved import ResolvedChild, ResolvedRule
from deemster.policy.tree import CombiningAlgorithm, RuleEffect

__all__ = ["Outcomes", "fold", "folded", "possible_outcomes", "table_of"]

Outcomes = frozenset[Outcome]

_P, _D, _N, _IP, _ID, _IDP = Outcome
_NONE: Outcomes = frozenset({_N})


def possible_outcomes(node: ResolvedChild) -> Outcomes:
    """Every outcome that the node may have; it may list some that it never has."""
    if not node.enabled:
        return _NONE
    if isinstance(node, ResolvedRule):
        return _of_rule(node)
    combined = folded(
        node.combining,
        [possible_outcomes(child) for child in node.children],
        simple=node.simple_indeterminate,
    )
    if node.target is None:
        return combined
    found = combined | _NONE
    if node.target.can_fail:
        found |= {weakened_by_target_error(outcome) for outcome in combined}
    return found


def _of_rule(rule: ResolvedRule) -> Outcomes:
    hit = _P if rule.effect is RuleEffect.PERMIT else _D
    if rule.when is None:
        return frozenset({hit})
    found = frozenset({hit, _N})
    return found | {indeterminate_outcome(rule.effect)} if rule.when.can_fail else found


def folded(
    algorithm: CombiningAlgorithm, children: Sequence[Outcomes], *, simple: bool = False
) -> Outcomes:
    """What children with these outcomes may combine to; `simple` is `indeterminate: simple`."""
    table = table_of(algorithm, simple=simple)
    if table is not None:
        return fold(table, children)
    if algorithm is CombiningAlgorithm.FIRST_APPLICABLE:
        return _first(children)
    if algorithm is CombiningAlgorithm.ONLY_ONE_APPLICABLE:
        return _only_one(children)
    decisive, otherwise = (
        (_P, _D) if algorithm is CombiningAlgorithm.DENY_UNLESS_PERMIT else (_D, _P)
    )
    if any(outcomes == {decisive} for outcomes in children):
        return frozenset({decisive})
    may = any(decisive in outcomes for outcomes in children)
    return frozenset({decisive, otherwise}) if may else frozenset({otherwise})


Table = tuple[tuple[Outcome, ...], ...]


def table_of(algorithm: CombiningAlgorithm, *, simple: bool = False) -> Table | None:
    """The table of the two algorithms that fold."""
    return (_SIMPLE_TABLES if simple else _TABLES).get(algorithm)


_SIMPLE_TABLES: dict[CombiningAlgorithm, Table] = {
    CombiningAlgorithm.DENY_OVERRIDES: SIMPLE_DENY_OVERRIDES,
    CombiningAlgorithm.PERMIT_OVERRIDES: SIMPLE_PERMIT_OVERRIDES,
}
_TABLES: dict[CombiningAlgorithm, Table] = {
    CombiningAlgorithm.DENY_OVERRIDES: DENY_OVERRIDES,
    CombiningAlgorithm.PERMIT_OVERRIDES: PERMIT_OVERRIDES,
}


def fold(table: Table, children: Iterable[Outcomes]) -> Outcomes:
    """All results of folding one outcome of each child."""
    so_far = _NONE
    for outcomes in children:
        so_far = frozenset(table[left][right] for left in so_far for right in outcomes)
    return so_far


def _first(children: Sequence[Outcomes]) -> Outcomes:
    found: set[Outcome] = set()
    for outcomes in children:
        found |= outcomes - _NONE
        if _N not in outcomes:
            return frozenset(found)
    return frozenset(found | _NONE)


def _only_one(children: Sequence[Outcomes]) -> Outcomes:
    found: set[Outcome] = {_IDP, _N}
    return frozenset(found.union(*children))
