"""Rules and policies that carry statements, or whose children do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deemster.errors import EvaluationError
from deemster.model.decision import NodeRef
from deemster.policy.combining import Outcome
from deemster.policy.evaluation import (
    NOT_APPLICABLE,
    Combiner,
    ConditionClosure,
    Node,
    NodeResult,
    PolicyRuleNode,
    PolicySetNode,
)
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.folding import combiner_of
from deemster.policy.statements.attached import (
    AttachedStatement,
    Carried,
    carried_by,
    carries_of,
    passed_up,
    unreached,
)
from deemster.policy.tree import CombiningAlgorithm, RuleEffect
from deemster.policy.values import ConditionInput, Values

__all__ = [
    "CarryingFirstApplicableNode",
    "CarryingResult",
    "CarryingRuleNode",
    "CarryingSetNode",
    "statements_of",
]


class CarryingResult(NodeResult):
    """What came of a node, and what goes with it: its own before its children's."""

    __slots__ = ("carried",)

    def __init__(
        self,
        outcome: Outcome,
        deciding: NodeRef | None,
        error: EvaluationError | None,
        carried: Sequence[Carried],
    ) -> None:
        super().__init__(outcome, deciding, error)
        self.carried: Sequence[Carried] = carried

    @property
    def has_words(self) -> bool:
        """See the class it is made from."""
        return any(one.certain and one.statement.is_words for one in self.carried)


class CarryingRuleNode(PolicyRuleNode):
    """A rule with statements of its own."""

    __slots__ = ("_carried", "attached", "carries")

    def __init__(
        self,
        ref: NodeRef,
        effect: RuleEffect,
        when: ConditionClosure | None,
        attached: Sequence[AttachedStatement],
        inputs: Sequence[ConditionInput] = (),
        condition: CheckedExpr | None = None,
    ) -> None:
        super().__init__(ref, effect, when, inputs, condition)
        self.attached = tuple(attached)
        self.carries = carries_of(self.attached)
        self._carried = carried_by(self.attached)
        outcome = self._hit.outcome
        self._hit = CarryingResult(outcome, ref, None, self._carried[outcome])

    def _failed(self, error: EvaluationError) -> NodeResult:
        outcome = self._indeterminate
        return CarryingResult(outcome, self.ref, error, self._carried[outcome])


class CarryingSetNode(PolicySetNode):
    """A policy with statements of its own, or with children that have some."""

    __slots__ = ("_carried", "attached", "carries", "children")

    def __init__(
        self,
        ref: NodeRef,
        combine: Combiner,
        target: ConditionClosure | None,
        children: Sequence[Node],
        attached: Sequence[AttachedStatement],
        inputs: Sequence[ConditionInput] = (),
        condition: CheckedExpr | None = None,
    ) -> None:
        """`combine` is the algorithm over `children`."""
        super().__init__(ref, combine, target, inputs, condition)
        self.children = tuple(children)
        self.attached = tuple(attached)
        self.carries = carries_of(self.attached, [child.carries for child in children])
        self._carried = carried_by(self.attached)

    def _result(self, values: Values) -> NodeResult:
        if self._target is None:
            return self._combined(values, None)
        return self._targeted(self._target, values)

    def _combined(self, values: Values, target_error: EvaluationError | None) -> NodeResult:
        results: list[NodeResult] = []
        return self._carrying(self._combine(values, results), results, target_error)

    def _carrying(
        self,
        result: NodeResult,
        results: Sequence[NodeResult],
        target_error: EvaluationError | None,
        behind: Sequence[Carried] = (),
    ) -> NodeResult:
        if target_error is not None:
            result = self._weakened(result, target_error)
        outcome = result.outcome
        if outcome is Outcome.NOT_APPLICABLE:
            return result
        carried = (*self._carried[outcome], *passed_up(results, outcome), *behind)
        if not carried and not result.carried:
            return result
        return CarryingResult(outcome, result.deciding, result.error, carried)


class CarryingFirstApplicableNode(CarryingSetNode):
    """`first-applicable`, where an error may keep statements from being reached."""

    __slots__ = ("_behind",)

    def __init__(
        self,
        ref: NodeRef,
        target: ConditionClosure | None,
        children: Sequence[Node],
        attached: Sequence[AttachedStatement],
        inputs: Sequence[ConditionInput] = (),
        condition: CheckedExpr | None = None,
    ) -> None:
        combine = combiner_of(CombiningAlgorithm.FIRST_APPLICABLE, tuple(children), ref)
        super().__init__(ref, combine, target, children, attached, inputs, condition)
        self._behind = tuple(
            unreached(one for child in children[index + 1 :] for one in statements_of(child))
            for index in range(len(children))
        )

    def _combined(self, values: Values, target_error: EvaluationError | None) -> NodeResult:
        for child, behind in zip(self.children, self._behind, strict=True):
            result = child.evaluate(values)
            if result.outcome is not Outcome.NOT_APPLICABLE:
                unknown = behind if result.outcome.is_indeterminate else ()
                return self._carrying(result, (result,), target_error, unknown)
        return NOT_APPLICABLE


def statements_of(node: Node) -> Iterator[AttachedStatement]:
    """Those of an enabled node and of all below it, a node's own first."""
    if isinstance(node, CarryingRuleNode | CarryingSetNode):
        yield from node.attached
    if isinstance(node, CarryingSetNode):
        for child in node.children:
            yield from statements_of(child)
