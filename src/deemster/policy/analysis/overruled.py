"""Rules that others always overrule: behind what applies first, or against what overrides.

Under `first-applicable` a rule is never reached where one above it applies to every call that it
could apply to. Under `deny-overrides` a permit never counts where a deny applies to every call
that it applies to, and under `permit-overrides` the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence

from deemster.policy.analysis.contradictions import Goal, Want, contradictory
from deemster.policy.analysis.outcomes import possible_outcomes
from deemster.policy.analysis.places_of_use import Verdicts, policies_in_use
from deemster.policy.codes import Code
from deemster.policy.combining import Outcome
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Note, Severity
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.resolved import ResolvedChild, ResolvedPolicy, ResolvedRule, ResolvedTree
from deemster.policy.tree import CombiningAlgorithm, RuleEffect

__all__ = ["report_overruled"]

_MOST_SIBLINGS = 64
"""Rules above or beside one that are looked at."""

_OVERRIDING = {
    CombiningAlgorithm.DENY_OVERRIDES: RuleEffect.DENY,
    CombiningAlgorithm.PERMIT_OVERRIDES: RuleEffect.PERMIT,
}


def report_overruled(resolved: ResolvedTree, sink: DiagnosticSink) -> None:
    """Report each rule or policy that is overruled wherever it is used."""
    verdicts = Verdicts()
    for policy, _ in policies_in_use(resolved):
        if policy.enabled:
            _look_within(policy, (), verdicts)
    verdicts.report(sink)


def _look_within(policy: ResolvedPolicy, around: tuple[Goal, ...], verdicts: Verdicts) -> None:
    if policy.target is not None:
        around = (*around, Goal(policy.target.term, Want.NOT_FALSE))
    children = [child for child in policy.children if child.enabled]
    for index, child in enumerate(children):
        verdict = None
        if policy.combining is CombiningAlgorithm.FIRST_APPLICABLE:
            verdict = _behind(child, children[:index], around)
        elif policy.combining in _OVERRIDING and isinstance(child, ResolvedRule):
            verdict = _overridden(child, children, _OVERRIDING[policy.combining], around)
        verdicts.add(child.ref.span, "overruled", verdict)
        if isinstance(child, ResolvedPolicy):
            _look_within(child, around, verdicts)


# --- first-applicable ---------------------------------------------------------------------------


def _behind(
    child: ResolvedChild, above: Sequence[ResolvedChild], around: tuple[Goal, ...]
) -> Diagnostic | None:
    closing = next((other for other in above if _always_applies(other)), None)
    if closing is not None:
        return _unreachable(child, f"`{closing.name}` above it always applies", [closing])
    condition = _condition(child)
    if condition is None:
        return None
    taken = _taken(condition, _conditional_rules(above), around)
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


def _overridden(
    rule: ResolvedRule,
    siblings: Sequence[ResolvedChild],
    overriding: RuleEffect,
    around: tuple[Goal, ...],
) -> Diagnostic | None:
    if rule.effect is overriding or rule.statements:
        return None
    against = [
        sibling
        for sibling in siblings
        if isinstance(sibling, ResolvedRule) and sibling.effect is overriding
    ]
    taken = [sibling for sibling in against if sibling.when is None][:1]
    if not taken and rule.when is not None:
        taken = _taken(rule.when, _conditional_rules(against), around)
    if not taken:
        return None
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


def _conditional_rules(nodes: Sequence[ResolvedChild]) -> list[ResolvedRule]:
    return [node for node in nodes if isinstance(node, ResolvedRule) and node.when is not None]


def _taken(
    condition: CheckedExpr, others: Sequence[ResolvedRule], around: tuple[Goal, ...]
) -> list[ResolvedRule]:
    """Those of the others of which one applies wherever `condition` is true, if there are any."""
    own = Goal(condition.term, Want.TRUE)
    # Only what reads the same names can contradict.
    related = [other for other in others if not other.reads.isdisjoint(condition.reads)]
    needed = [
        (other, Goal(other.when.term, Want.FALSE))
        for other in related[-_MOST_SIBLINGS:]
        if other.when is not None
    ]
    if not needed or contradictory([*around, own]):
        return []  # that it is never true is told of by itself
    if not contradictory([*around, own, *[goal for _, goal in needed]]):
        return []
    for each in list(needed):
        fewer = [entry for entry in needed if entry is not each]
        if contradictory([*around, own, *[goal for _, goal in fewer]]):
            needed = fewer
    return [other for other, _ in needed]
