"""Contradictions told to people: which parts of a condition exclude each other, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.policy.analysis.contradictions import Goal, Prover
from deemster.policy.analysis.goals import Every, take_apart
from deemster.policy.diagnostics import Note
from deemster.policy.expressions import terms
from deemster.policy.expressions.declared import declared_note
from deemster.policy.expressions.terms import Term

__all__ = ["Contradiction", "contradiction_of"]

_MOST_PARTS = 24
"""Parts of a condition that are left out one by one; beyond, the whole is pointed at."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`span` is the last part that contributes, `notes` say what it contradicts."""

    span: SourceSpan
    notes: tuple[Note, ...]


def contradiction_of(
    prover: Prover, goals: Sequence[Goal], around: Sequence[Goal] = ()
) -> Contradiction | None:
    """Why `goals` can never be met where those `around` them are; None where they may be.

    Of `goals` at least one contributes: if those around contradict each other by themselves,
    nothing is said of what stands within.
    """
    if not prover.contradictory([*around, *goals]):
        return None
    if around and prover.contradictory(around):
        return None
    parts = [*_flat(around), *_flat(goals)]
    needed = _needed(prover, parts) if len(parts) <= _MOST_PARTS else list(goals)
    inner = {id(goal.term) for goal in _flat(goals)} | {id(goal.term) for goal in goals}
    last = next(goal for goal in reversed(needed) if id(goal.term) in inner)
    others = [goal for goal in needed if goal is not last]
    notes = tuple(
        Note("it contradicts what stands", span)
        for span in dict.fromkeys(goal.term.span for goal in others)
        if span != last.term.span
    )
    return Contradiction(last.term.span, notes or _declarations(last.term))


def _flat(goals: Sequence[Goal]) -> list[Goal]:
    """The parts that must all hold, in source order."""
    found: list[Goal] = []
    ahead = list(reversed(goals))
    while ahead:
        goal = ahead.pop()
        # A named condition is pointed at where it is used: elsewhere it may be sound.
        parts = None if isinstance(goal.term, terms.ConditionTerm) else take_apart(goal)
        if isinstance(parts, Every) and parts.goals:
            ahead.extend(reversed(parts.goals))
        else:
            found.append(goal)
    return found


def _needed(prover: Prover, parts: list[Goal]) -> list[Goal]:
    """Without any one of these there is no contradiction."""
    kept = list(parts)
    for part in parts:
        fewer = [goal for goal in kept if goal is not part]
        if prover.contradictory(fewer):
            kept = fewer
    return kept


def _declarations(term: Term) -> tuple[Note, ...]:
    """Where the names of a part are declared that is impossible by itself."""
    ahead: list[Term] = [term]
    notes: list[Note] = []
    while ahead:
        found = ahead.pop()
        if isinstance(found, terms.DeclaredRead):
            notes += declared_note(found)
        ahead.extend(reversed(terms.operands(found)))
    return tuple(dict.fromkeys(notes))
