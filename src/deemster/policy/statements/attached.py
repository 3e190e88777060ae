"""A statement on a node, compiled: when it goes with what comes of the node, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from deemster.model.decision import Statement
from deemster.policy.combining import Outcome
from deemster.policy.evaluation import Carries, NodeResult
from deemster.policy.statements.codes import BODY_CODES, KnownCode, NodeEffect, effect_of
from deemster.policy.statements.declared import StatementDeclaration
from deemster.policy.values import Values

__all__ = [
    "AttachedStatement",
    "CannotBuildError",
    "Carried",
    "carried_by",
    "carries_of",
    "changes_answer",
    "passed_up",
    "unreached",
]


class CannotBuildError(Exception):
    """A payload has no value that could be carried out; the message names no values."""


class AttachedStatement:
    """`build` makes it of the values at hand.

    It raises CannotBuildError, EvaluationError and NeedsValues. `fixed` says that it always can,
    and never differs.
    """

    __slots__ = ("build", "declaration", "fixed")

    def __init__(
        self,
        declaration: StatementDeclaration,
        build: Callable[[Values], Statement],
        *,
        fixed: bool,
    ) -> None:
        self.declaration = declaration
        self.build = build
        self.fixed = fixed

    @property
    def is_words(self) -> bool:
        """Words for a deny that are there in any case."""
        return self.fixed and self.declaration.code == KnownCode.DENIED_REASON


class Carried(NamedTuple):
    """A statement and the effect of its node.

    Not `certain` is an obligatory one that may have to go with a permit: an indeterminate node
    leaves it open. Not `reached` is one whose node was not asked, for an error before it.
    """

    statement: AttachedStatement
    effect: NodeEffect
    certain: bool
    reached: bool = True


_MIGHT_PERMIT = frozenset({Outcome.PERMIT, Outcome.INDETERMINATE_P, Outcome.INDETERMINATE_DP})
_MIGHT_BE: dict[Outcome, tuple[NodeEffect, ...]] = {
    Outcome.INDETERMINATE_P: (NodeEffect.PERMIT,),
    Outcome.INDETERMINATE_D: (NodeEffect.DENY,),
    Outcome.INDETERMINATE_DP: (NodeEffect.PERMIT, NodeEffect.DENY),
}


def carried_by(
    attached: Sequence[AttachedStatement],
) -> tuple[tuple[Carried, ...], ...]:
    """What a node with these statements carries, by its outcome."""
    return tuple(
        tuple(carried for one in attached for carried in _carried(one, outcome))
        for outcome in Outcome
    )


def _carried(attached: AttachedStatement, outcome: Outcome) -> Iterable[Carried]:
    declared = attached.declaration
    effect = effect_of(outcome)
    counts = effect is not None and effect in declared.applies_to
    if counts and effect is not None:
        yield Carried(attached, effect, certain=True)
    if not declared.obligatory or (counts and declared.own_effect):
        return
    for possible in _MIGHT_BE.get(outcome, ()):
        # Where ancestors count as well, only what may come to a permit can be missed on one.
        if possible in declared.applies_to and (
            declared.own_effect or possible is NodeEffect.PERMIT
        ):
            yield Carried(attached, possible, certain=False)
            return


def passed_up(results: Iterable[NodeResult], outcome: Outcome) -> list[Carried]:
    """What children carry, as far as it still counts above a node with this outcome."""
    found: list[Carried] = []
    carrying = [result for result in results if result.carried]
    if not carrying:
        return found
    effect = effect_of(outcome)
    might_permit = outcome in _MIGHT_PERMIT
    for result in carrying:
        for carried in result.carried:
            if not isinstance(carried, Carried):
                raise TypeError("a node carries statements and nothing else")
            declared = carried.statement.declaration
            if declared.own_effect or (carried.certain and carried.effect is effect):
                found.append(carried)
            elif (
                declared.obligatory
                and carried.effect is NodeEffect.PERMIT
                # A node that was not reached may permit where the error before it could have been
                # a deny: INDETERMINATE_D does not say what comes of the rest.
                and (might_permit or (not carried.reached and outcome is not Outcome.DENY))
            ):
                found.append(carried._replace(certain=False))
    return found


def unreached(attached: Iterable[AttachedStatement]) -> tuple[Carried, ...]:
    """What children carry that `first-applicable` did not reach for an error before them."""
    return tuple(
        Carried(one, NodeEffect.PERMIT, certain=False, reached=False)
        for one in attached
        if one.declaration.obligatory
        and (one.declaration.own_effect or NodeEffect.PERMIT in one.declaration.applies_to)
    )


def carries_of(attached: Sequence[AttachedStatement], children: Iterable[Carries] = ()) -> Carries:
    """What a node with these statements may add, and those below it."""
    own = Carries(
        permit=any(_may_go_with(one, NodeEffect.PERMIT) for one in attached),
        deny=any(_may_go_with(one, NodeEffect.DENY) and not one.is_words for one in attached),
        words=any(one.is_words for one in attached),
        error=any(_may_go_with(one, NodeEffect.INDETERMINATE) for one in attached),
        body=changes_answer(attached),
    )
    everything = [own, *children]
    return Carries(
        permit=any(one.permit for one in everything),
        deny=any(one.deny for one in everything),
        words=any(one.words for one in everything),
        error=any(one.error for one in everything),
        body=any(one.body for one in everything),
    )


def changes_answer(attached: Iterable[AttachedStatement]) -> bool:
    """Whether a permit may come with a change to the body of the upstream's answer."""
    return any(
        one.declaration.code in BODY_CODES and _may_go_with(one, NodeEffect.PERMIT)
        for one in attached
    )


def _may_go_with(attached: AttachedStatement, effect: NodeEffect) -> bool:
    return attached.declaration.own_effect or effect in attached.declaration.applies_to
