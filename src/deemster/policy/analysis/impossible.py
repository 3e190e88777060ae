"""Conditions that can never be true, or are true for every call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deemster.policy.analysis.contradictions import Goal, Prover, Want
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


def report_impossible(resolved: ResolvedTree, prover: Prover, sink: DiagnosticSink) -> None:
    """Conditions of rules, targets, and the `when` of `allow`."""
    judge = _Judge(prover)
    for service in resolved.services:
        for operation in service.operations:
            judge.look_at_allow(operation)
    for policy, _ in policies_in_use(resolved):
        judge.look_at(policy, ())
    judge.verdicts.report(sink)


class _Judge:
    """Goes over all conditions of a tree."""

    def __init__(self, prover: Prover) -> None:
        self._prover = prover
        self.verdicts = Verdicts()

    def look_at_allow(self, operation: ResolvedOperation) -> None:
        """The `when` of `allow`, beside the other lines."""
        if operation.when is not None:
            around = line_facts(operation.operation.allow, operation.when)
            name = operation.operation.id.value
            never = f"so `{name}` permits nobody"
            always = f"so it restricts nothing in `allow` of `{name}`"
            self._judge(operation.when, around, never, always)

    def look_at(self, node: ResolvedChild, around: _Around) -> None:
        """`around`: the targets of the policies that hold a node."""
        if not node.enabled:
            return
        name = node.name
        if isinstance(node, ResolvedRule):
            if node.when is not None:
                never = f"so rule `{name}` never applies"
                self._judge(node.when, around, never, f"so rule `{name}` always applies")
            return
        if node.target is not None:
            never = f"so policy `{name}` never applies"
            always = f"so that `target` is no restriction of policy `{name}`"
            if not self._judge(node.target, around, never, always):
                return  # what lies within is as dead, and told of by this
            around = (*around, Goal(node.target.term, Want.NOT_FALSE))
        for child in node.children:
            self.look_at(child, around)

    def _judge(self, condition: CheckedExpr, around: _Around, never: str, always: str) -> bool:
        """False where the condition is never true."""
        term = condition.term
        found = contradiction_of(self._prover, [Goal(term, Want.TRUE)], around)
        self.verdicts.add(term.span, "never", _never(found, never))
        if found is not None:
            return False
        is_certain = self._prover.contradictory([Goal(term, Want.FALSE)])
        self.verdicts.add(term.span, "always", _always(condition, always) if is_certain else None)
        if not is_certain:
            for alternative, beside in _alternatives(term, around):
                part = contradiction_of(self._prover, [Goal(alternative, Want.TRUE)], beside)
                verdict = _never(part, "so the alternative that it belongs to is dead text")
                self.verdicts.add(alternative.span, "alternative", verdict)
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
