"""Counts, case by case, which way each unit came out: read off the traces of decisions.

The decision point is the one that judged the case, and it is asked no differently. What counts is
what was evaluated: a line after the one that refused, a rule that was passed over, a part behind
a short circuit are in no trace, and so they are not covered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from deemster.errors import EvaluationError
from deemster.model.decision import Decision, Reason
from deemster.policy.combining import Outcome
from deemster.policy.expressions.explaining import ConditionExplainer, PartOutcome
from deemster.policy.rules import HOLDS
from deemster.policy.values import TraceEntry
from deemster.policytest.coverage.plan import Plan
from deemster.policytest.coverage.units import Goal, UnitKey, UnitKind

__all__ = ["Counts", "CoverageCounter"]

Counts = Counter[tuple[UnitKey, Goal]]
"""Cases in which a unit came out so."""

_BY_WORD = {outcome.word: outcome for outcome in Outcome}


class CoverageCounter:
    """Counts for one tree. `counts` may be added to those of another process."""

    def __init__(self, plan: Plan) -> None:
        self.counts: Counts = Counter()
        self._plan = plan
        self._explainer = ConditionExplainer()

    def count(
        self, decision: Decision, visited: Sequence[TraceEntry], *, of_answer: bool = False
    ) -> None:
        """Count one case: how it was decided, and the nodes that were visited for that.

        Each unit counts once for each way in which it came out, however often it was asked.
        `of_answer` says that the upstream's answer was judged too: its deny is not one of the
        operation's.
        """
        seen = set(self._seen(visited))
        seen.update(self._operation(decision, of_answer=of_answer))
        self.counts.update(seen)

    def take(self) -> Counts:
        """What was counted since the last taking."""
        taken, self.counts = self.counts, Counter()
        return taken

    def _seen(self, visited: Sequence[TraceEntry]) -> Iterator[tuple[UnitKey, Goal]]:
        for entry in visited:
            detail = entry.requirement.kind if entry.requirement is not None else ""
            keys = self._plan.of_node(entry.id_path, detail) or self._plan.of_node(entry.id_path)
            for key in keys:
                goal = _goal_of(key[0], entry.outcome)
                if goal is not None:
                    yield key, goal
            if entry.condition is not None:
                for term, ended in self._explainer.explain(entry.condition, entry.values):
                    for key in self._plan.of_condition(term.span):
                        yield key, _truth(ended)

    def _operation(self, decision: Decision, *, of_answer: bool) -> Iterator[tuple[UnitKey, Goal]]:
        # A preflight asks about an operation without being one of its calls.
        if (
            decision.service is None
            or decision.operation is None
            or decision.reason is Reason.PERMITTED_PREFLIGHT
        ):
            return
        for key in self._plan.of_node(f"{decision.service.id}/{decision.operation}"):
            yield key, Goal.REACHED
            if decision.permitted:
                yield key, Goal.PERMITTED
            elif not of_answer:
                yield key, Goal.DENIED


def _truth(ended: PartOutcome) -> Goal:
    if isinstance(ended, EvaluationError):
        return Goal.ERROR
    return Goal.TRUE if ended else Goal.FALSE


def _goal_of(kind: UnitKind, outcome: str) -> Goal | None:
    """What the outcome of a node, in a trace's word, means for a unit of that kind.

    None for a word that is no outcome: what is not understood is not covered.
    """
    if kind is UnitKind.LINE:
        return {HOLDS: Goal.SATISFIED, "error": Goal.ERROR}.get(outcome, Goal.REFUSED)
    found = _BY_WORD.get(outcome)
    if found is None:
        return None
    if found.is_indeterminate:
        return Goal.ERROR
    if kind is UnitKind.RULE:
        return Goal.NOT_APPLIED if found is Outcome.NOT_APPLICABLE else Goal.APPLIED
    return Goal.REFUSED if found is Outcome.DENY else Goal.PASSED
