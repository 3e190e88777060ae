"""Nodes of the compiled tree and what comes of them.

A node is asked once for each decision and answers with a `NodeResult`. Nothing here fetches,
waits or looks at a clock. No short circuit can be seen from outside: a child is passed over only
where it can change neither the outcome nor what goes with it. Nodes that carry statements are in
`statements/nodes.py`; those here carry none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from deemster.errors import EvaluationError
from deemster.model.decision import NodeRef
from deemster.policy.combining import (
    Outcome,
    indeterminate_outcome,
    weakened_by_target_error,
)
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.tree import RuleEffect
from deemster.policy.values import ConditionInput, TraceEntry, Values

__all__ = [
    "NOTHING_CARRIED",
    "NOT_APPLICABLE",
    "Carries",
    "Combiner",
    "ConditionClosure",
    "DisabledNode",
    "Node",
    "NodeResult",
    "PolicyRuleNode",
    "PolicySetNode",
]

ConditionClosure = Callable[[Values], bool]

_P, _D, _N, _IP, _ID, _IDP = Outcome


class NodeResult:
    """What came of a node.

    `error` is the first error in tree order behind an indeterminate outcome. `deciding` is the
    node that made the outcome. `carried` are the statements that go with it, of nodes that have
    any.
    """

    __slots__ = ("deciding", "error", "outcome")
    carried: Sequence[object] = ()

    def __init__(
        self,
        outcome: Outcome,
        deciding: NodeRef | None = None,
        error: EvaluationError | None = None,
    ) -> None:
        self.outcome = outcome
        self.deciding = deciding
        self.error = error

    @property
    def has_words(self) -> bool:
        """Whether words for a deny are among what is carried."""
        return False


Combiner = Callable[[Values, list[NodeResult] | None], NodeResult]
"""What the children come to; the list, if any, gets the result of each that applied."""


class Carries(NamedTuple):
    """What a node, or one below it, might add to an outcome that is certain already.

    `permit`, `deny`, `error`: some statement to that effect. `words`: words for a deny, of which
    the first ones speak. What is certain is never an error, so `error` keeps nobody from being
    passed over; but a node that has nothing else carries something all the same. `body`: a
    statement to go with a permit that changes the body of the upstream's answer.
    """

    permit: bool = False
    deny: bool = False
    words: bool = False
    error: bool = False
    body: bool = False


NOTHING_CARRIED = Carries()


class Node(Protocol):
    """A rule or a policy, compiled."""

    @property
    def ref(self) -> NodeRef:
        """Id path and place."""
        ...

    @property
    def carries(self) -> Carries:
        """What this node or one below it has to say beside its outcome."""
        ...

    def evaluate(self, values: Values) -> NodeResult:
        """Raises NeedsValues; every EvaluationError has become an outcome."""
        ...


NOT_APPLICABLE = NodeResult(_N)


class DisabledNode:
    """`enabled: false`: not applicable, whatever it says."""

    __slots__ = ("ref",)
    carries = NOTHING_CARRIED

    def __init__(self, ref: NodeRef) -> None:
        self.ref = ref

    def evaluate(self, values: Values) -> NodeResult:
        """Always not applicable."""
        if values.trace is not None:
            entry = TraceEntry(self.ref, values, remark="disabled")
            entry.outcome = _N.word
            values.trace.append(entry)
        return NOT_APPLICABLE


class PolicyRuleNode:
    """A rule: its effect where the condition holds, N where it does not, I where it fails."""

    __slots__ = ("_condition", "_hit", "_indeterminate", "_inputs", "_when", "ref")
    carries = NOTHING_CARRIED

    def __init__(
        self,
        ref: NodeRef,
        effect: RuleEffect,
        when: ConditionClosure | None,
        inputs: Sequence[ConditionInput] = (),
        condition: CheckedExpr | None = None,
    ) -> None:
        """`inputs` and `condition` are what traces show of `when`."""
        self.ref = ref
        self._when = when
        self._inputs = tuple(inputs)
        self._condition = condition
        self._indeterminate = indeterminate_outcome(effect)
        self._hit = NodeResult(_P if effect is RuleEffect.PERMIT else _D, ref)

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
            return self._failed(error)
        return self._hit if holds else NOT_APPLICABLE

    def _failed(self, error: EvaluationError) -> NodeResult:
        return NodeResult(self._indeterminate, self.ref, error)


class PolicySetNode:
    """A policy: children under a combining algorithm, where the target holds."""

    __slots__ = ("_combine", "_condition", "_inputs", "_target", "ref")
    carries = NOTHING_CARRIED

    def __init__(
        self,
        ref: NodeRef,
        combine: Combiner,
        target: ConditionClosure | None,
        inputs: Sequence[ConditionInput] = (),
        condition: CheckedExpr | None = None,
    ) -> None:
        """`inputs` and `condition` are what traces show of `target`."""
        self.ref = ref
        self._target = target
        self._inputs = tuple(inputs)
        self._condition = condition
        self._combine = combine

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
        if self._target is None:
            return self._combine(values, None)
        return self._targeted(self._target, values)

    def _targeted(self, target: ConditionClosure, values: Values) -> NodeResult:
        try:
            applies = target(values)
        except EvaluationError as error:
            return self._combined(values, error)
        return self._combined(values, None) if applies else NOT_APPLICABLE

    def _combined(self, values: Values, target_error: EvaluationError | None) -> NodeResult:
        result = self._combine(values, None)
        return result if target_error is None else self._weakened(result, target_error)

    def _weakened(self, result: NodeResult, target_error: EvaluationError) -> NodeResult:
        outcome = weakened_by_target_error(result.outcome)
        if outcome is _N:
            return NOT_APPLICABLE
        # The target stands before the children, so its error is the first in source order.
        return NodeResult(outcome, self.ref, target_error)
