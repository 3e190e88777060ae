"""Why a condition came out as it did: what each of its parts came to.

A decision does not pay for this. Conditions are pure, so whoever wants to know evaluates one
again, over the values that it was evaluated over, by closures that keep what they see.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TypeAlias

from deemster.errors import EvaluationError
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.closures import Test, compile_condition
from deemster.policy.expressions.terms import Term
from deemster.policy.values import NeedsValues, Values

__all__ = ["ConditionExplainer", "PartOutcome"]

PartOutcome: TypeAlias = "bool | EvaluationError"


class ConditionExplainer:
    """Explains conditions; compiles each once and keeps it as long as it lives itself."""

    def __init__(self) -> None:
        self._compiled: dict[int, tuple[CheckedExpr, Test]] = {}
        self._seen: list[tuple[Term, PartOutcome]] = []

    def explain(self, checked: CheckedExpr, values: Values) -> list[tuple[Term, PartOutcome]]:
        """Each part that was evaluated, with its outcome, in the order in which they ended.

        The last is the condition itself. A part that was passed over is not there; a part of a
        named condition is there as often as the condition was evaluated.
        """
        self._seen = []
        # An error is kept already: by the part that raised it, and by all around it.
        with suppress(EvaluationError, NeedsValues):
            self._test(checked)(values)
        return self._seen

    def _test(self, checked: CheckedExpr) -> Test:
        # Kept with the condition itself, so that no other can get its identity.
        found = self._compiled.get(id(checked))
        if found is None:
            found = self._compiled[id(checked)] = (
                checked,
                compile_condition(checked, watch=self._watched),
            )
        return found[1]

    def _watched(self, term: Term, test: Test) -> Test:
        def watched(values: Values) -> bool:
            try:
                holds = test(values)
            except EvaluationError as error:
                self._seen.append((term, error))
                raise
            self._seen.append((term, holds))
            return holds

        return watched
