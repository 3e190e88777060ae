"""What goes with an evaluation: the statements that apply, made of the values at hand.

Source: policy-language section 8. Nothing is merged and nobody asks yet whether the gateway can
carry it out: that is for whoever knows the gateway (`merging`, and the decision point).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from deemster.errors import EvaluationError
from deemster.model.decision import DeniedReason, LeftOut, Statement
from deemster.policy.combining import Outcome
from deemster.policy.evaluation import Node, NodeResult
from deemster.policy.folding import fold_deny_overrides
from deemster.policy.snapshot import Evaluation, StepUp
from deemster.policy.statements.attached import (
    AttachedStatement,
    CannotBuildError,
    Carried,
    passed_up,
)
from deemster.policy.statements.codes import KnownCode, NodeEffect, effect_of
from deemster.policy.statements.declared import StatementDeclaration
from deemster.policy.statements.nodes import CarryingResult
from deemster.policy.values import Values

__all__ = ["final_effect", "fold_section", "gathered"]


def fold_section(children: Sequence[Node], values: Values) -> NodeResult:
    """Guards, or an operation's policies: a node without statements that folds its children."""
    results: list[NodeResult] = []
    result = fold_deny_overrides(children, values, results)
    outcome = result.outcome
    if outcome is Outcome.NOT_APPLICABLE:
        return result
    carried = passed_up(results, outcome)
    if not carried and not result.carried:
        return result
    return CarryingResult(outcome, result.deciding, result.error, carried)


def final_effect(outcome: Outcome) -> NodeEffect:
    """Of the operation. Where nothing applied it is a deny."""
    return effect_of(outcome) or NodeEffect.DENY


def gathered(
    evaluation: Evaluation,
    before: Iterable[NodeResult | None],
    otherwise: DeniedReason | None,
    after: Iterable[NodeResult | None],
    own: Sequence[AttachedStatement],
    values: Values,
) -> Evaluation:
    """The evaluation with what goes with it.

    `before` and `after` are the sections beside `allow`; `otherwise` are the words on its deny.
    `own` are the operation's. Raises NeedsValues.
    """
    final = final_effect(evaluation.outcome)
    first = [carried for carried in _carried(before) if _counts(carried, final)]
    then = [carried for carried in _carried(after) if _counts(carried, final)]
    then += [
        Carried(one, final, certain=True) for one in own if final in one.declaration.applies_to
    ]
    doubtful = _doubtful([*first, *then]) if final is NodeEffect.PERMIT else ()
    if doubtful:
        # A permit that nobody gets: nothing is made, or fetched, to go with it.
        return replace(evaluation, left_out=doubtful)
    making = _Making(values)
    making.make(first)
    if otherwise is not None and making.words is None:
        making.words = otherwise
    making.make(then)
    return replace(
        evaluation,
        statements=tuple(making.statements),
        left_out=tuple(making.left_out),
        denied_reason=making.words,
        challenge=making.challenge,
    )


def _counts(carried: Carried, final: NodeEffect) -> bool:
    return carried.statement.declaration.own_effect or carried.effect is final


def _doubtful(found: Sequence[Carried]) -> tuple[LeftOut, ...]:
    """Obligatory ones of which nobody knows whether they apply, and that do not go along anyway."""
    certain = {carried.statement.declaration for carried in found if carried.certain}
    doubted = dict.fromkeys(
        carried.statement.declaration for carried in found if not carried.certain
    )
    return tuple(
        _left_out(declared, "a node that carries it, or one above it, is in error")
        for declared in doubted
        if declared not in certain
    )


def _carried(sections: Iterable[NodeResult | None]) -> Iterable[Carried]:
    for section in sections:
        if isinstance(section, CarryingResult):
            yield from section.carried


class _Making:
    """Statements in the order in which they are found, each once."""

    def __init__(self, values: Values) -> None:
        self.words: DeniedReason | None = None
        self.challenge: StepUp | None = None
        self.statements: list[Statement] = []
        self.left_out: list[LeftOut] = []
        self._values = values
        self._taken: set[StatementDeclaration] = set()

    def make(self, found: Iterable[Carried]) -> None:
        """Those that apply for certain."""
        for carried in found:
            declared = carried.statement.declaration
            if carried.certain and declared not in self._taken:
                self._taken.add(declared)
                self._make(carried.statement)

    def _make(self, statement: AttachedStatement) -> None:
        declared = statement.declaration
        # The first words and the first challenge speak; the others have nothing to add.
        if declared.code == KnownCode.DENIED_REASON and self.words is not None:
            return
        if declared.code == KnownCode.AUTH_CHALLENGE and self.challenge is not None:
            return
        try:
            made = statement.build(self._values)
        except EvaluationError as error:
            self.left_out.append(_left_out(declared, error.message))
            return
        except CannotBuildError as problem:
            self.left_out.append(_left_out(declared, str(problem)))
            return
        if declared.code == KnownCode.DENIED_REASON:
            self.words = _words(made.payload)
        elif declared.code == KnownCode.AUTH_CHALLENGE:
            self.challenge = _step_up(made.payload)
        self.statements.append(made)


def _left_out(declared: StatementDeclaration, why: str) -> LeftOut:
    return LeftOut(
        id=declared.name.value, code=declared.code, obligatory=declared.obligatory, why=why
    )


def _words(payload: object) -> DeniedReason:
    if not isinstance(payload, dict):
        raise TypeError("words for a deny are a mapping")
    return DeniedReason(
        payload["code"], payload["message"], payload.get("detail"), payload.get("status")
    )


def _step_up(payload: object) -> StepUp:
    if not isinstance(payload, dict):
        raise TypeError("a challenge is a mapping")
    return StepUp(payload.get("acr_values"), payload.get("max_age"))
