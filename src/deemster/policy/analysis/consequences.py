"""Rules whose effect changes nothing, and operations whose policies can never permit.

Each node is seen through what its parents make of it: two outcomes that no parent tells apart are
one. Siblings are taken to be able to come to anything that their structure allows, together; so
what is reported here is proved, and more may be without consequence than is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Sequence

from deemster.model.source import SourceSpan
from deemster.policy.analysis.outcomes import Outcomes, fold, possible_outcomes, table_of
from deemster.policy.analysis.places_of_use import Verdicts, policies_in_use
from deemster.policy.codes import Code
from deemster.policy.combining import Outcome, weakened_by_target_error
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Severity
from deemster.policy.resolved import (
    ResolvedChild,
    ResolvedOperation,
    ResolvedPolicy,
    ResolvedRule,
    ResolvedTree,
)
from deemster.policy.tree import CombiningAlgorithm, RuleEffect

__all__ = ["report_no_consequence"]

_P, _D, _N, *_ = Outcome

Seen = Callable[[Outcome], Hashable]
"""What becomes of an outcome further up; equal for outcomes that make no difference there."""


def report_no_consequence(
    resolved: ResolvedTree, sink: DiagnosticSink, told: Container[SourceSpan]
) -> None:
    """Rules and policies without consequence wherever they are used; operations never permitted.

    `told`: ids of nodes of which it was said already that they never count.
    """
    verdicts = Verdicts()
    for policy, is_guard in policies_in_use(resolved):
        # An idle guard is told of as a whole.
        if policy.enabled and (policy.can_deny or not is_guard):
            _look_within(policy, _through_guard if is_guard else _through_grant, verdicts)
    verdicts.report(sink, told)
    for service in resolved.services:
        for operation in service.operations:
            _look_at_grant(operation, sink)


def _through_guard(outcome: Outcome) -> Hashable:
    """A guard passes on permit and on not applicable."""
    return _N if outcome is _P else _through_grant(outcome)


def _through_grant(outcome: Outcome) -> Hashable:
    """Of what does not permit, the reason differs; one error is like another."""
    return Outcome.INDETERMINATE_DP if outcome.is_indeterminate else outcome


# --- rules --------------------------------------------------------------------------------------


def _look_within(policy: ResolvedPolicy, seen: Seen, verdicts: Verdicts) -> None:
    if policy.statements:
        seen = _through_grant  # what it carries goes with its own outcome
    siblings = _Siblings(policy, _through_target(policy, seen))
    for index, child in enumerate(policy.children):
        inner = siblings.seen_by(index) if child.enabled else None
        if inner is None:
            continue
        if isinstance(child, ResolvedRule):
            verdict = _verdict(child, policy, inner)
        elif _says_something(child):
            verdict = None
        else:
            verdict = _policy_verdict(child, policy, inner)
        verdicts.add(child.ref.span, "consequence", verdict)
        if verdict is None and isinstance(child, ResolvedPolicy):
            _look_within(child, inner, verdicts)


def _verdict(rule: ResolvedRule, policy: ResolvedPolicy, seen: Seen) -> Diagnostic | None:
    hit = _P if rule.effect is RuleEffect.PERMIT else _D
    if _says_something(rule) or seen(hit) != seen(_N):
        return None
    return _finding(rule, f"the {rule.effect.value} of rule `{rule.name}`", policy, hit)


def _policy_verdict(child: ResolvedPolicy, policy: ResolvedPolicy, seen: Seen) -> Diagnostic | None:
    if any(seen(outcome) != seen(_N) for outcome in possible_outcomes(child)):
        return None
    return _finding(child, f"policy `{child.name}`", policy, None)


def _finding(
    child: ResolvedChild, what: str, policy: ResolvedPolicy, hit: Outcome | None
) -> Diagnostic:
    return Diagnostic(
        Code.NO_CONSEQUENCE,
        Severity.WARNING,
        f"{what} changes nothing here: the outcome is the same as where it does not apply",
        child.ref.span,
        help=_help(policy.combining, hit),
    )


def _help(algorithm: CombiningAlgorithm, hit: Outcome | None) -> str:
    if algorithm is CombiningAlgorithm.DENY_UNLESS_PERMIT and hit is _D:
        return "`deny-unless-permit` denies whatever no rule permits: remove it, or give it words"
    if algorithm is CombiningAlgorithm.PERMIT_UNLESS_DENY and hit is _P:
        return "`permit-unless-deny` permits whatever no rule denies: remove it"
    if hit is _P:
        return (
            "a guard passes whatever it does not deny: write what it refuses, "
            "or use `deny-unless-permit`"
        )
    return "remove it, or choose another combining algorithm"


def _says_something(node: ResolvedChild) -> bool:
    """Whether a node carries more than its effect, such as words for a deny."""
    if node.statements:
        return True
    return isinstance(node, ResolvedPolicy) and any(
        _says_something(child) for child in node.children
    )


# --- what parents make of an outcome ------------------------------------------------------------


def _through_target(policy: ResolvedPolicy, seen: Seen) -> Seen:
    if policy.target is None or not policy.target.can_fail:
        return seen
    return lambda outcome: (seen(outcome), seen(weakened_by_target_error(outcome)))


class _Siblings:
    """The children of one policy, and what each one's outcome becomes among the others'."""

    def __init__(self, policy: ResolvedPolicy, seen: Seen) -> None:
        self._combining = policy.combining
        self._seen = seen
        self._outcomes = [possible_outcomes(child) for child in policy.children]
        self._table = table_of(policy.combining, simple=policy.simple_indeterminate)
        self._before: list[Outcomes] = []
        self._after: list[Outcomes] = []
        if self._table is not None:
            fold_in = self._table
            # Both tables are commutative and associative, so the others are one sibling.
            self._before = _running(lambda so_far, next_: fold(fold_in, [so_far, next_]), self)
            self._after = _running(
                lambda so_far, next_: fold(fold_in, [so_far, next_]), self, backwards=True
            )
        elif policy.combining is CombiningAlgorithm.FIRST_APPLICABLE:
            self._after = _running(_first_of, self, backwards=True)

    @property
    def outcomes(self) -> Sequence[Outcomes]:
        """What each child may come to."""
        return self._outcomes

    def seen_by(self, index: int) -> Seen | None:
        """What becomes of an outcome of this child; None where nothing is claimed."""
        seen, table = self._seen, self._table
        if table is not None:
            rest = sorted(fold(table, [self._before[index], self._after[index]]))
            return lambda outcome: tuple(seen(table[other][outcome]) for other in rest)
        if self._combining is CombiningAlgorithm.FIRST_APPLICABLE:
            below = sorted(self._after[index])
            return lambda outcome: tuple(
                seen(other if outcome is _N else outcome) for other in below
            )
        if self._combining is CombiningAlgorithm.ONLY_ONE_APPLICABLE:
            return None
        return self._seen_unless(index)

    def _seen_unless(self, index: int) -> Seen:
        decisive = _P if self._combining is CombiningAlgorithm.DENY_UNLESS_PERMIT else _D
        certain = [at for at, found in enumerate(self._outcomes) if found == {decisive}][:2]
        if any(at != index for at in certain):
            return lambda outcome: None
        return lambda outcome: outcome is decisive


def _first_of(below: Outcomes, outcomes: Outcomes) -> Outcomes:
    return (outcomes - {_N}) | (below if _N in outcomes else frozenset())


def _running(
    step: Callable[[Outcomes, Outcomes], Outcomes], siblings: _Siblings, *, backwards: bool = False
) -> list[Outcomes]:
    """For each child: all before it (or after it) taken together, in one pass."""
    so_far: Outcomes = frozenset({_N})
    found = []
    for outcomes in reversed(siblings.outcomes) if backwards else siblings.outcomes:
        found.append(so_far)
        so_far = step(so_far, outcomes)
    return found[::-1] if backwards else found


# --- operations ---------------------------------------------------------------------------------


def _look_at_grant(operation: ResolvedOperation, sink: DiagnosticSink) -> None:
    policies = operation.policies
    if not policies:
        return
    table = table_of(CombiningAlgorithm.DENY_OVERRIDES)
    outcomes = fold(table or (), [possible_outcomes(policy) for policy in policies])
    permits = any(_has_permit(policy) for policy in policies)
    # What always denies, and says nothing of permitting, is meant to.
    if _P in outcomes or (outcomes == {_D} and not permits):
        return
    name = operation.operation.id.value
    sink.warning(
        Code.NEVER_PERMITS,
        f"`policies` of `{name}` can never come to a permit, so nobody may call it",
        policies[0].place,
        help="something among them denies whenever another one permits"
        if permits
        else "deny rules alone let nobody through: add a rule that permits, or move them to "
        "`guards` and say by `allow` who may",
    )


def _has_permit(node: ResolvedChild) -> bool:
    if isinstance(node, ResolvedRule):
        return node.effect is RuleEffect.PERMIT
    return any(_has_permit(child) for child in node.children)
