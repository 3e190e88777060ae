"""Conditions that can never be true, or are true for every call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deemster.policy.analysis.contradictions import Goal, Want, contradictory
from deemster.policy.analysis.line_facts import line_facts
from deemster.policy.analysis.places_of_use import Verdicts, policies_in_use
from deemster.policy.analysis.proofs import Contradiction, contradiction_of
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Severity
from deemster.policy.expressions import terms
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.terms import Term
from deemster.policy.resolved import (
    ResolvedChild,
    ResolvedOperation,
    ResolvedRule,
    ResolvedTree,
)

__all__ = ["report_impossible"]

_Around = tuple[Goal, ...]


def report_impossible(resolved: ResolvedTree, sink: DiagnosticSink) -> None:
    """Conditions of rules, targets, and the `when` of `allow`."""
    verdicts = Verdicts()
    for service in resolved.services:
        for operation in service.operations:
            _look_at_allow(operation, verdicts)
    for policy, _ in policies_in_use(resolved):
        _look_at(policy, (), verdicts)
    verdicts.report(sink)


def _look_at_allow(operation: ResolvedOperation, verdicts: Verdicts) -> None:
    if operation.when is not None:
        around = line_facts(operation.operation.allow, operation.when)
        name = operation.operation.id.value
        _judge(
            operation.when,
            around,
            f"so `{name}` permits nobody",
            f"so it restricts nothing in `allow` of `{name}`",
            verdicts,
        )


def _look_at(node: ResolvedChild, around: _Around, verdicts: Verdicts) -> None:
    """`around`: the targets of the policies that hold a node."""
    if not node.enabled:
        return
    if isinstance(node, ResolvedRule):
        if node.when is not None:
            never, always = (
                f"so rule `{node.name}` never applies",
                f"so rule `{node.name}` always applies",
            )
            _judge(node.when, around, never, always, verdicts)
        return
    if node.target is not None:
        never = f"so policy `{node.name}` never applies"
        always = f"so that `target` is no restriction of policy `{node.name}`"
        if not _judge(node.target, around, never, always, verdicts):
            return  # what lies within is as dead, and told of by this
        around = (*around, Goal(node.target.term, Want.NOT_FALSE))
    for child in node.children:
        _look_at(child, around, verdicts)


def _judge(
    condition: CheckedExpr, around: _Around, never: str, always: str, verdicts: Verdicts
) -> bool:
    """False where the condition is never true."""
    term = condition.term
    found = contradiction_of([Goal(term, Want.TRUE)], around)
    verdicts.add(term.span, "never", _never(found, never))
    if found is not None:
        return False
    is_certain = contradictory([Goal(term, Want.FALSE)])
    verdicts.add(term.span, "always", _always(condition, always) if is_certain else None)
    if not is_certain:
        for alternative, beside in _alternatives(term, around):
            part = contradiction_of([Goal(alternative, Want.TRUE)], beside)
            verdict = _never(part, "so the alternative that it belongs to is dead text")
            verdicts.add(alternative.span, "alternative", verdict)
    return True


def _alternatives(term: Term, around: Sequence[Goal]) -> Iterator[tuple[Term, list[Goal]]]:
    """(one side of an `||`, all that must hold beside it), from the outside in."""
    if isinstance(term, terms.Conjunction):
        for operand in term.operands:
            others = [Goal(other, Want.TRUE) for other in term.operands if other is not operand]
            yield from _alternatives(operand, [*around, *others])
    elif isinstance(term, terms.Disjunction):
        for operand in term.operands:
            yield operand, list(around)
            yield from _alternatives(operand, around)


def _never(found: Contradiction | None, consequence: str) -> Diagnostic | None:
    if found is None:
        return None
    return Diagnostic(
        Code.NEVER_TRUE,
        Severity.WARNING,
        f"this can never be true here, {consequence}",
        found.span,
        help="mend it, or remove what can never happen",
        notes=found.notes,
    )


def _always(condition: CheckedExpr, consequence: str) -> Diagnostic:
    where = "wherever it has a value" if condition.can_fail else "for every call"
    return Diagnostic(
        Code.ALWAYS_TRUE,
        Severity.WARNING,
        f"this is true {where}, {consequence}",
        condition.term.span,
        help="leave it out if that is meant, or mend it",
    )
