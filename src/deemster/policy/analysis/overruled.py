"""Rules that others always overrule: behind what applies first, or against what overrides.

Under `first-applicable` a rule is never reached where one above it applies to every call that it
could apply to. Under `deny-overrides` a permit never counts where a deny applies to every call
that it applies to, and under `permit-overrides` the other way round.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from deemster.policy.analysis.contradictions import Goal, Prover, Want
from deemster.policy.analysis.outcomes import possible_outcomes
from deemster.policy.analysis.places_of_use import Verdicts, policies_in_use
from deemster.policy.codes import Code
from deemster.policy.combining import Outcome
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Note, Severity
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.resolved import ResolvedChild, ResolvedPolicy, ResolvedRule, ResolvedTree
from deemster.policy.tree import CombiningAlgorithm, RuleEffect

__all__ = ["report_overruled"]

_MOST_SIBLINGS = 24
"""Rules above or beside one that are looked at."""

_OVERRIDING = {
    CombiningAlgorithm.DENY_OVERRIDES: RuleEffect.DENY,
    CombiningAlgorithm.PERMIT_OVERRIDES: RuleEffect.PERMIT,
}


def report_overruled(resolved: ResolvedTree, prover: Prover, sink: DiagnosticSink) -> None:
    """Report each rule or policy that is overruled wherever it is used."""
    verdicts = Verdicts()
    for policy, _ in policies_in_use(resolved):
        if policy.enabled:
            _look_within(policy, prover, (), verdicts)
    verdicts.report(sink)


def _look_within(
    policy: ResolvedPolicy, prover: Prover, around: tuple[Goal, ...], verdicts: Verdicts
) -> None:
    if policy.target is not None:
        around = (*around, Goal(policy.target.term, Want.NOT_FALSE))
    children = [child for child in policy.children if child.enabled]
    if policy.combining is CombiningAlgorithm.FIRST_APPLICABLE:
        _look_behind(children, prover, around, verdicts)
    elif policy.combining in _OVERRIDING:
        _look_against(children, _OVERRIDING[policy.combining], prover, around, verdicts)
    for child in children:
        if isinstance(child, ResolvedPolicy):
            _look_within(child, prover, around, verdicts)


# --- first-applicable ---------------------------------------------------------------------------


def _look_behind(
    children: Sequence[ResolvedChild],
    prover: Prover,
    around: tuple[Goal, ...],
    verdicts: Verdicts,
) -> None:
    closing: ResolvedChild | None = None
    above: deque[ResolvedRule] = deque(maxlen=_MOST_SIBLINGS)
    for child in children:
        verdicts.add(child.ref.span, "overruled", _behind(child, closing, above, prover, around))
        if closing is None and _always_applies(child):
            closing = child
        if isinstance(child, ResolvedRule) and child.when is not None:
            above.append(child)


def _behind(
    child: ResolvedChild,
    closing: ResolvedChild | None,
    above: Sequence[ResolvedRule],
    prover: Prover,
    around: tuple[Goal, ...],
) -> Diagnostic | None:
    if closing is not None:
        return _unreachable(child, f"`{closing.name}` above it always applies", [closing])
    condition = _condition(child)
    taken = [] if condition is None else _taken(condition, above, prover, around)
    if not taken:
        return None
    names = " and ".join(f"`{other.name}`" for other in taken)
    verb = "applies" if len(taken) == 1 else "apply"
    return _unreachable(child, f"{names} above it {verb} wherever it would", taken)


def _always_applies(node: ResolvedChild) -> bool:
    return Outcome.NOT_APPLICABLE not in possible_outcomes(node)


def _condition(node: ResolvedChild) -> CheckedExpr | None:
    return node.when if isinstance(node, ResolvedRule) else node.target


def _unreachable(child: ResolvedChild, why: str, others: Sequence[ResolvedChild]) -> Diagnostic:
    what = "rule" if isinstance(child, ResolvedRule) else "policy"
    return Diagnostic(
        Code.UNREACHABLE_RULE,
        Severity.WARNING,
        f"{what} `{child.name}` is never reached: {why}",
        child.ref.span,
        help="the first that applies decides: move it up, or remove it",
        notes=tuple(Note(f"`{other.name}` stands", other.ref.span) for other in others),
    )


# --- overrides ----------------------------------------------------------------------------------


def _look_against(
    children: Sequence[ResolvedChild],
    overriding: RuleEffect,
    prover: Prover,
    around: tuple[Goal, ...],
    verdicts: Verdicts,
) -> None:
    rules = [child for child in children if isinstance(child, ResolvedRule)]
    against = [rule for rule in rules if rule.effect is overriding]
    always = [rule for rule in against if rule.when is None][:1]
    conditional = [rule for rule in against if rule.when is not None][:_MOST_SIBLINGS]
    for rule in rules:
        verdict = None
        if rule.effect is not overriding and not rule.statements:
            taken: Sequence[ResolvedRule] = always
            if not taken and rule.when is not None:
                taken = _taken(rule.when, conditional, prover, around)
            verdict = _overridden(rule, overriding, taken) if taken else None
        verdicts.add(rule.ref.span, "overruled", verdict)


def _overridden(
    rule: ResolvedRule, overriding: RuleEffect, taken: Sequence[ResolvedRule]
) -> Diagnostic:
    names = " and ".join(f"`{other.name}`" for other in taken)
    verb = "applies" if len(taken) == 1 else "apply"
    return Diagnostic(
        Code.NO_CONSEQUENCE,
        Severity.WARNING,
        f"the {rule.effect.value} of rule `{rule.name}` never counts: {names} {verb} wherever "
        f"it does, and a {overriding.value} overrides it",
        rule.ref.span,
        help="mend one of the conditions, or remove the rule",
        notes=tuple(Note(f"`{other.name}` stands", other.ref.span) for other in taken),
    )


# --- both ---------------------------------------------------------------------------------------


def _taken(
    condition: CheckedExpr,
    others: Sequence[ResolvedRule],
    prover: Prover,
    around: tuple[Goal, ...],
) -> list[ResolvedRule]:
    """Those of the others of which one applies wherever `condition` is true, if there are any."""
    own = Goal(condition.term, Want.TRUE)
    # Only what reads the same names can contradict.
    needed = [
        (other, Goal(other.when.term, Want.FALSE))
        for other in others
        if other.when is not None and not other.reads.isdisjoint(condition.reads)
    ]
    if not needed or prover.contradictory([*around, own]):
        return []  # that it is never true is told of by itself
    if not prover.contradictory([*around, own, *[goal for _, goal in needed]]):
        return []
    for each in list(needed):
        fewer = [entry for entry in needed if entry is not each]
        if prover.contradictory([*around, own, *[goal for _, goal in fewer]]):
            needed = fewer
    return [other for other, _ in needed]
