"""An operation that carries statements, or whose guards and policies do."""

from __future__ import annotations

from collections.abc import Sequence

from deemster.model.decision import DeniedReason
from deemster.policy.combining import Outcome
from deemster.policy.evaluation import Node, NodeResult
from deemster.policy.rules import AllowResult, evaluate_lines
from deemster.policy.snapshot import CompiledOperation, Evaluation
from deemster.policy.statements.gathering import fold_section, gathered
from deemster.policy.values import Values

__all__ = ["CarryingOperation"]


class CarryingOperation(CompiledOperation):
    """Judges as any operation; asks further nodes for what they may add, and gathers it."""

    __slots__ = ()

    def _judge(self, values: Values) -> Evaluation:
        guards = fold_section(self._guards, values) if self._guards else None
        is_denied = guards is not None and guards.outcome is Outcome.DENY
        allow = None
        if self._lines is not None and not (is_denied and self._has_words(guards)):
            allow = evaluate_lines(self._lines, values)
        otherwise = self._words_of_allow(allow)
        is_denied = is_denied or (allow is not None and allow.outcome is Outcome.DENY)
        policies = None
        if self._policies and not (
            is_denied and self._add_nothing(self._policies, guards, otherwise)
        ):
            policies = fold_section(self._policies, values)
        evaluation = self._verdict(guards, allow, policies)
        if not (
            self._attached
            or (guards is not None and guards.carried)
            or (policies is not None and policies.carried)
        ):
            return evaluation
        return gathered(evaluation, [guards], otherwise, [policies], self._attached, values)

    def _has_words(self, guards: NodeResult | None) -> bool:
        """Whether `otherwise` could say nothing any more."""
        return self._otherwise is None or (guards is not None and guards.has_words)

    def _words_of_allow(self, allow: AllowResult | None) -> DeniedReason | None:
        if allow is None or allow.outcome is not Outcome.DENY:
            return None
        return self._otherwise

    def _add_nothing(
        self, policies: Sequence[Node], guards: NodeResult | None, otherwise: DeniedReason | None
    ) -> bool:
        """Whether policies may be passed over once a guard or a line denied."""
        has_words = otherwise is not None or (guards is not None and guards.has_words)
        return not any(
            policy.carries.deny or (policy.carries.words and not has_words) for policy in policies
        )
