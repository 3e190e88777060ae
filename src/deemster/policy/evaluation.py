"""Nodes of the compiled tree and what comes of them.

A node is asked once for each decision and answers with a `NodeResult`. Nothing here fetches,
waits or looks at a clock. No short circuit can be seen from outside: a child is passed over only
where it can change neither the outcome nor the author's words on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from deemster.errors import EvaluationError
from deemster.model.decision import DeniedReason, NodeRef
from deemster.policy.combining import (
    DENY_OVERRIDES,
    PERMIT_OVERRIDES,
    Outcome,
    indeterminate_outcome,
    weakened_by_target_error,
)
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.tree import CombiningAlgorithm, RuleEffect
from deemster.policy.values import ConditionInput, TraceEntry, Values

__all__ = [
    "ConditionClosure",
    "DisabledNode",
    "Node",
    "NodeResult",
    "PolicyRuleNode",
    "PolicySetNode",
    "fold_deny_overrides",
]

ConditionClosure = Callable[[Values], bool]

_P, _D, _N, _IP, _ID, _IDP = Outcome


class NodeResult:
    """What came of a node.

    `error` is the first error in tree order behind an indeterminate outcome. `deciding` is the
    node that made the outcome. `denied_reason` are the author's words, on a deny.
    """

    __slots__ = ("deciding", "denied_reason", "error", "outcome")

    def __init__(
        self,
        outcome: Outcome,
        deciding: NodeRef | None = None,
        error: EvaluationError | None = None,
        denied_reason: DeniedReason | None = None,
    ) -> None:
        self.outcome = outcome
        self.deciding = deciding
        self.error = error
        self.denied_reason = denied_reason


class Node(Protocol):
    """A rule or a policy, compiled."""

    @property
    def ref(self) -> NodeRef:
        """Id path and place."""
        ...

    @property
    def has_denied_reason(self) -> bool:
        """Whether this node or one below it carries words for a deny."""
        ...

    def evaluate(self, values: Values) -> NodeResult:
        """Raises NeedsValues; every EvaluationError has become an outcome."""
        ...


_NOT_APPLICABLE = NodeResult(_N)


class DisabledNode:
    """`enabled: false`: not applicable, whatever it says."""

    __slots__ = ("ref",)
    has_denied_reason = False

    def __init__(self, ref: NodeRef) -> None:
        self.ref = ref

    def evaluate(self, values: Values) -> NodeResult:
        """Always not applicable."""
        if values.trace is not None:
            entry = TraceEntry(self.ref, values, remark="disabled")
            entry.outcome = _N.word
            values.trace.append(entry)
        return _NOT_APPLICABLE


class PolicyRuleNode:
    """A rule: its effect where the condition holds, N where it does not, I where it fails."""

    __slots__ = (
        "_condition",
        "_hit",
        "_indeterminate",
        "_inputs",
        "_when",
        "has_denied_reason",
        "ref",
    )

    def __init__(
        self,
        ref: NodeRef,
        effect: RuleEffect,
        when: ConditionClosure | None,
        denied_reason: DeniedReason | None,
        inputs: Sequence[ConditionInput] = (),
        condition: CheckedExpr | None = None,
    ) -> None:
        """`inputs` and `condition` are what traces show of `when`."""
        self.ref = ref
        self._when = when
        self._inputs = tuple(inputs)
        self._condition = condition
        self._indeterminate = indeterminate_outcome(effect)
        if effect is RuleEffect.PERMIT:
            self._hit = NodeResult(_P, ref)
        else:
            self._hit = NodeResult(_D, ref, None, denied_reason)
        self.has_denied_reason = self._hit.denied_reason is not None

    def evaluate(self, values: Values) -> NodeResult:
        """See the class."""
        if values.trace is None:
            return self._result(values)
        entry = TraceEntry(self.ref, values, inputs=self._inputs, condition=self._condition)
        values.trace.append(entry)
        result = self._result(values)
        entry.outcome = result.outcome.word
        entry.error = result.error
        return result

    def _result(self, values: Values) -> NodeResult:
        if self._when is None:
            return self._hit
        try:
            holds = self._when(values)
        except EvaluationError as error:
            return NodeResult(self._indeterminate, self.ref, error)
        return self._hit if holds else _NOT_APPLICABLE


class PolicySetNode:
    """A policy: children under a combining algorithm, where the target holds."""

    __slots__ = (
        "_combine",
        "_condition",
        "_inputs",
        "_own_words",
        "_target",
        "has_denied_reason",
        "ref",
    )

    def __init__(
        self,
        ref: NodeRef,
        combining: CombiningAlgorithm,
        target: ConditionClosure | None,
        children: Sequence[Node],
        denied_reason: DeniedReason | None,
        inputs: Sequence[ConditionInput] = (),
        condition: CheckedExpr | None = None,
    ) -> None:
        """`inputs` and `condition` are what traces show of `target`."""
        self.ref = ref
        self._target = target
        self._inputs = tuple(inputs)
        self._condition = condition
        self._own_words = denied_reason
        self._combine = _combiner(combining, tuple(children), ref)
        self.has_denied_reason = denied_reason is not None or any(
            child.has_denied_reason for child in children
        )

    def evaluate(self, values: Values) -> NodeResult:
        """See the class."""
        if values.trace is None:
            return self._result(values)
        entry = TraceEntry(self.ref, values, inputs=self._inputs, condition=self._condition)
        values.trace.append(entry)
        result = self._result(values)
        entry.outcome = result.outcome.word
        return result

    def _result(self, values: Values) -> NodeResult:
        target_error: EvaluationError | None = None
        if self._target is not None:
            try:
                applies = self._target(values)
            except EvaluationError as error:
                target_error = error
            else:
                if not applies:
                    return _NOT_APPLICABLE
        result = self._combine(values)
        if target_error is not None:
            return self._weakened(result, target_error)
        if self._own_words is not None and result.outcome is _D:
            return NodeResult(_D, result.deciding, None, self._own_words)
        return result

    def _weakened(self, result: NodeResult, target_error: EvaluationError) -> NodeResult:
        outcome = weakened_by_target_error(result.outcome)
        if outcome is _N:
            return _NOT_APPLICABLE
        # The target stands before the children, so its error is the first in source order.
        return NodeResult(outcome, self.ref, target_error)


def fold_deny_overrides(children: Sequence[Node], values: Values) -> NodeResult:
    """Deny-overrides over a list of nodes: how guards and an operation's policies combine."""
    return _fold(DENY_OVERRIDES, _D, children, values)


_Combiner = Callable[[Values], NodeResult]


def _combiner(algorithm: CombiningAlgorithm, children: tuple[Node, ...], ref: NodeRef) -> _Combiner:
    match algorithm:
        case CombiningAlgorithm.DENY_OVERRIDES:
            return lambda values: _fold(DENY_OVERRIDES, _D, children, values)
        case CombiningAlgorithm.PERMIT_OVERRIDES:
            return lambda values: _fold(PERMIT_OVERRIDES, _P, children, values)
        case CombiningAlgorithm.FIRST_APPLICABLE:
            return lambda values: _first_applicable(children, values)
        case CombiningAlgorithm.ONLY_ONE_APPLICABLE:
            return lambda values: _only_one_applicable(children, values, ref)
        case CombiningAlgorithm.DENY_UNLESS_PERMIT:
            return lambda values: _deny_unless_permit(children, values, ref)
        case CombiningAlgorithm.PERMIT_UNLESS_DENY:
            return lambda values: _permit_unless_deny(children, values, ref)


def _fold(
    table: tuple[tuple[Outcome, ...], ...],
    final: Outcome,
    children: Sequence[Node],
    values: Values,
) -> NodeResult:
    """Fold by a table in which `final` absorbs everything that follows."""
    outcome = _N
    applicable: list[NodeResult] = []
    words: DeniedReason | None = None
    for child in children:
        if outcome is final and _adds_nothing(child, final, words):
            continue
        result = child.evaluate(values)
        if result.outcome is _N:
            continue
        applicable.append(result)
        outcome = table[outcome][result.outcome]
        if words is None:
            words = result.denied_reason
    if outcome is _N:
        return _NOT_APPLICABLE
    if outcome is _P:
        return _first(applicable, _P)
    if outcome is _D:
        return _with_words(_first(applicable, _D), words)
    return _failed(outcome, applicable)


def _adds_nothing(child: Node, decided: Outcome, words: DeniedReason | None) -> bool:
    """Whether a child may be passed over once the outcome is certain."""
    return decided is _P or words is not None or not child.has_denied_reason


def _first(applicable: Sequence[NodeResult], outcome: Outcome) -> NodeResult:
    return next(result for result in applicable if result.outcome is outcome)


def _with_words(result: NodeResult, words: DeniedReason | None) -> NodeResult:
    if result.denied_reason is words:
        return result
    return NodeResult(result.outcome, result.deciding, None, words)


def _failed(
    outcome: Outcome, applicable: Sequence[NodeResult], ref: NodeRef | None = None
) -> NodeResult:
    """An indeterminate outcome, with the first error in tree order if one of them has one."""
    for result in applicable:
        if result.error is not None:
            return NodeResult(outcome, result.deciding, result.error)
    return NodeResult(outcome, ref)


def _first_applicable(children: Sequence[Node], values: Values) -> NodeResult:
    for child in children:
        result = child.evaluate(values)
        if result.outcome is not _N:
            return result
    return _NOT_APPLICABLE


def _only_one_applicable(children: Sequence[Node], values: Values, ref: NodeRef) -> NodeResult:
    results = [child.evaluate(values) for child in children]
    applicable = [result for result in results if result.outcome is not _N]
    if not applicable:
        return _NOT_APPLICABLE
    if len(applicable) == 1:
        return applicable[0]
    return _failed(_IDP, applicable, ref)


def _deny_unless_permit(children: Sequence[Node], values: Values, ref: NodeRef) -> NodeResult:
    denied: NodeResult | None = None
    words: DeniedReason | None = None
    for child in children:
        result = child.evaluate(values)
        if result.outcome is _P:
            return result
        if result.outcome is _D:
            denied = denied or result
            words = words or result.denied_reason
    # No child permitted: the first that denies decided, else the algorithm itself.
    return _with_words(denied, words) if denied is not None else NodeResult(_D, ref)


def _permit_unless_deny(children: Sequence[Node], values: Values, ref: NodeRef) -> NodeResult:
    denied: NodeResult | None = None
    words: DeniedReason | None = None
    for child in children:
        if denied is not None and _adds_nothing(child, _D, words):
            continue
        result = child.evaluate(values)
        if result.outcome is _D:
            denied = denied or result
            words = words or result.denied_reason
    return _with_words(denied, words) if denied is not None else NodeResult(_P, ref)
