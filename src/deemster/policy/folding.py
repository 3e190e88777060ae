"""What the children of a node come to, one asked after the other: the algorithms over nodes.

`combining` has them over outcomes alone. A child is asked as long as it can change the outcome or
add to what goes with it; `first-applicable` alone stops (policy-language section 8).
"""

from __future__ import annotations

from collections.abc import Sequence

from deemster.model.decision import NodeRef
from deemster.policy.combining import (
    DENY_OVERRIDES,
    PERMIT_OVERRIDES,
    SIMPLE_DENY_OVERRIDES,
    SIMPLE_PERMIT_OVERRIDES,
    Outcome,
)
from deemster.policy.evaluation import NOT_APPLICABLE, Combiner, Node, NodeResult
from deemster.policy.tree import CombiningAlgorithm
from deemster.policy.values import Values

__all__ = ["combiner_of", "fold_deny_overrides"]

_P, _D, _N, _IP, _ID, _IDP = Outcome


def fold_deny_overrides(
    children: Sequence[Node], values: Values, results: list[NodeResult] | None = None
) -> NodeResult:
    """Deny-overrides over a list of nodes: how guards and an operation's policies combine.

    `results`, if given, gets what came of each child that applied.
    """
    return _fold(DENY_OVERRIDES, _D, children, values, results)


def combiner_of(
    algorithm: CombiningAlgorithm, children: tuple[Node, ...], ref: NodeRef, *, simple: bool = False
) -> Combiner:
    """The algorithm over these children; `simple` is `indeterminate: simple`."""
    match algorithm:
        case CombiningAlgorithm.DENY_OVERRIDES:
            denying = SIMPLE_DENY_OVERRIDES if simple else DENY_OVERRIDES
            return lambda values, results: _fold(denying, _D, children, values, results)
        case CombiningAlgorithm.PERMIT_OVERRIDES:
            permitting = SIMPLE_PERMIT_OVERRIDES if simple else PERMIT_OVERRIDES
            return lambda values, results: _fold(permitting, _P, children, values, results)
        case CombiningAlgorithm.FIRST_APPLICABLE:
            return lambda values, results: _first_applicable(children, values, results)
        case CombiningAlgorithm.ONLY_ONE_APPLICABLE:
            return lambda values, results: _only_one_applicable(children, values, results, ref)
        case CombiningAlgorithm.DENY_UNLESS_PERMIT:
            return lambda values, results: _unless(_P, _D, children, values, results, ref)
        case CombiningAlgorithm.PERMIT_UNLESS_DENY:
            return lambda values, results: _unless(_D, _P, children, values, results, ref)


def _fold(
    table: tuple[tuple[Outcome, ...], ...],
    final: Outcome,
    children: Sequence[Node],
    values: Values,
    results: list[NodeResult] | None,
) -> NodeResult:
    """Fold by a table in which `final` absorbs everything that follows."""
    outcome = _N
    applicable: list[NodeResult] = [] if results is None else results
    for child in children:
        if outcome is final and _adds_nothing(child, final, applicable):
            continue
        result = child.evaluate(values)
        came_to = result.outcome
        if came_to is _N:
            continue
        applicable.append(result)
        outcome = table[outcome][came_to]
    if outcome is _N:
        return NOT_APPLICABLE
    if outcome is _P or outcome is _D:
        return _first(applicable, outcome)
    return _failed(outcome, applicable)


def _adds_nothing(child: Node, decided: Outcome, so_far: Sequence[NodeResult]) -> bool:
    """Whether a child may be passed over once the outcome is certain."""
    carries = child.carries
    if decided is _P:
        return not carries.permit
    if carries.deny:
        return False
    # Of several words the first ones speak, so a child with nothing but words may be too late.
    return not carries.words or any(result.has_words for result in so_far)


def _first(applicable: Sequence[NodeResult], outcome: Outcome) -> NodeResult:
    for result in applicable:
        if result.outcome is outcome:
            return result
    raise RuntimeError("a permit or a deny is some child's")


def _failed(
    outcome: Outcome, applicable: Sequence[NodeResult], ref: NodeRef | None = None
) -> NodeResult:
    """An indeterminate outcome, with the first error in tree order if one of them has one."""
    for result in applicable:
        if result.error is not None:
            return NodeResult(outcome, result.deciding, result.error)
    return NodeResult(outcome, ref)


def _first_applicable(
    children: Sequence[Node], values: Values, results: list[NodeResult] | None
) -> NodeResult:
    for child in children:
        result = child.evaluate(values)
        if result.outcome is not _N:
            if results is not None:
                results.append(result)
            return result
    return NOT_APPLICABLE


def _only_one_applicable(
    children: Sequence[Node], values: Values, results: list[NodeResult] | None, ref: NodeRef
) -> NodeResult:
    applicable: list[NodeResult] = [] if results is None else results
    for child in children:
        result = child.evaluate(values)
        if result.outcome is not _N:
            applicable.append(result)
    if not applicable:
        return NOT_APPLICABLE
    if len(applicable) == 1:
        return applicable[0]
    return _failed(_IDP, applicable, ref)


def _overlooked(applicable: Sequence[NodeResult]) -> NodeResult | None:
    """A child that might have denied, had it known what every call tells.

    INVARIANT: an error that the checker could not see coming is not silenced by a permit. Those
    that it saw are refused on load, or were accepted by their author in writing.
    """
    for result in applicable:
        may_deny = result.outcome is _ID or result.outcome is _IDP
        if may_deny and result.error is not None and result.error.unforeseen:
            return result
    return None


def _unless(
    wanted: Outcome,
    otherwise: Outcome,
    children: Sequence[Node],
    values: Values,
    results: list[NodeResult] | None,
    ref: NodeRef,
) -> NodeResult:
    """`deny-unless-permit` (wanted: permit) and `permit-unless-deny`: any wanted, else the other.

    Where no child permitted, the first that denies decided, else the algorithm itself.
    """
    applicable: list[NodeResult] = [] if results is None else results
    decided: NodeResult | None = None
    for child in children:
        if decided is not None and _adds_nothing(child, wanted, applicable):
            continue
        result = child.evaluate(values)
        if result.outcome is _N:
            continue
        applicable.append(result)
        if result.outcome is wanted and decided is None:
            decided = result
    if decided is not None:
        return decided
    if otherwise is _P:
        return _overlooked(applicable) or NodeResult(_P, ref)
    return next((result for result in applicable if result.outcome is _D), NodeResult(_D, ref))
