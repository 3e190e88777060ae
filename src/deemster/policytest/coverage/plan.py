"""Every unit of a checked tree: what there is to cover.

Left out is what can never be asked: disabled nodes, and named conditions that nobody uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from deemster.model.source import SourceSpan
from deemster.policy.expressions import terms
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.parts import parts
from deemster.policy.expressions.terms import Term
from deemster.policy.resolved import (
    ResolvedChild,
    ResolvedOperation,
    ResolvedPolicy,
    ResolvedRule,
    ResolvedTree,
)
from deemster.policy.tree import AllowLines, AllowPublic, CombiningAlgorithm, RuleEffect
from deemster.policytest.coverage.failing import USER, can_be_in_error, surely_read
from deemster.policytest.coverage.units import Goal, Unit, UnitKey, UnitKind
from deemster.policytest.written import WrittenTerms

__all__ = ["Plan"]

_NONE: frozenset[str] = frozenset()
_BOTH = (Goal.TRUE, Goal.FALSE)
_LINE_GOALS = (Goal.SATISFIED, Goal.REFUSED)
_FINAL: Mapping[CombiningAlgorithm, tuple[RuleEffect, ...]] = {
    CombiningAlgorithm.DENY_OVERRIDES: (RuleEffect.DENY,),
    CombiningAlgorithm.PERMIT_UNLESS_DENY: (RuleEffect.DENY,),
    CombiningAlgorithm.PERMIT_OVERRIDES: (RuleEffect.PERMIT,),
    CombiningAlgorithm.DENY_UNLESS_PERMIT: (RuleEffect.PERMIT,),
    CombiningAlgorithm.FIRST_APPLICABLE: tuple(RuleEffect),
}
Settled = tuple[str, Goal]
"""A part by its meaning, and what it cannot come to."""
_HAS_USER = "has(user)"
_OF_RULE = {Goal.TRUE: Goal.APPLIED, Goal.FALSE: Goal.NOT_APPLIED}


class Plan:
    """Units of a tree by their keys, in tree order; one that is used in several places, once."""

    def __init__(self, resolved: ResolvedTree, written: WrittenTerms) -> None:
        self.units: dict[UnitKey, Unit] = {}
        self._by_path: dict[tuple[str, str], list[UnitKey]] = {}
        self._by_span: dict[SourceSpan, list[UnitKey]] = {}
        self._written = written
        for service in resolved.services:
            for operation in service.operations:
                self._add_operation(operation)

    def of_node(self, id_path: str, detail: str = "") -> Sequence[UnitKey]:
        """Units of the node with an id path."""
        return self._by_path.get((id_path, detail), ())

    def of_condition(self, span: SourceSpan) -> Sequence[UnitKey]:
        """Units of the condition, or the part of one, that stands at a span."""
        return self._by_span.get(span, ())

    def _add(self, unit: Unit) -> None:
        key = unit.key
        known = self.units.setdefault(key, unit)
        if known is not unit:
            # Checked again in each place of use, it may be able to do more there.
            goals = tuple(goal for goal in Goal if goal in {*known.goals, *unit.goals})
            self.units[key] = replace(known, goals=goals)

    def _add_node(self, unit: Unit, id_path: str) -> None:
        self._add(unit)
        self._by_path.setdefault((id_path, unit.detail), []).append(unit.key)

    def _add_operation(self, operation: ResolvedOperation) -> None:
        ref = operation.ref
        self._add_node(
            Unit(UnitKind.OPERATION, ref.id_path, ref.span, _effects(operation)), ref.id_path
        )
        for guard in operation.guards:
            self._add_guard(guard, UnitKind.GUARD)
        allow = operation.operation.allow
        if isinstance(allow, AllowLines):
            self._add_lines(operation, allow)
        for policy in operation.policies:
            self._add_child(policy)
        for policy in operation.response:
            self._add_guard(policy, UnitKind.RESPONSE_POLICY)

    def _add_guard(self, guard: ResolvedPolicy, kind: UnitKind) -> None:
        if not guard.enabled:
            return
        # A service's guard is met again in each of its operations.
        if not self.of_node(guard.ref.id_path):
            goals = (Goal.PASSED, Goal.REFUSED) if guard.can_deny else (Goal.PASSED,)
            unit = Unit(kind, guard.ref.id_path, guard.place, goals)
            self._add_node(unit, guard.ref.id_path)
        self._add_child(guard)

    def _add_lines(self, operation: ResolvedOperation, allow: AllowLines) -> None:
        spans = dict(allow.line_spans)
        halves = {"acr": allow.acr, "maxAge": allow.max_age}
        for line, span in allow.line_spans:
            id_path = f"{operation.ref.id_path}/allow/{line}"
            if line != "authentication":
                self._add_node(Unit(UnitKind.LINE, id_path, span, _LINE_GOALS), id_path)
                continue
            # Its two halves fail for different reasons.
            for half in (half for half, value in halves.items() if value is not None):
                unit = Unit(UnitKind.LINE, f"{id_path}.{half}", span, _LINE_GOALS, half)
                self._add_node(unit, id_path)
        if operation.when is not None:
            # The lines before it have held where it is asked.
            read = {"scopes": _NONE, "groups": {"user.groups"}, "permissions": {"user.permissions"}}
            sure = _NONE.union(*(names for line, names in read.items() if line in spans))
            self._add_condition(operation.when, sure | {USER} if sure else sure)

    def _add_child(self, node: ResolvedChild, sure: frozenset[str] = _NONE) -> None:
        """`sure` are names that had a value where the node is asked."""
        if not node.enabled:
            return
        if isinstance(node, ResolvedRule):
            self._add_rule(node, sure, frozenset())
            return
        if node.target is not None:
            self._add_condition(node.target, sure)
        settled: frozenset[Settled] = frozenset()
        for child in node.children:
            if isinstance(child, ResolvedRule):
                self._add_rule(child, sure, frozenset() if child.statements else settled)
                settled |= self._settled_by(child, node.combining)
                if (_HAS_USER, Goal.FALSE) in settled:
                    sure |= {USER}
            else:
                self._add_child(child, sure)
            if node.combining is CombiningAlgorithm.FIRST_APPLICABLE and isinstance(
                child, ResolvedRule
            ):
                # The next is asked only after this one was false, and so in no error.
                sure |= surely_read(child.when.term) if child.when is not None else _NONE

    def _settled_by(self, rule: ResolvedRule, combining: CombiningAlgorithm) -> frozenset[Settled]:
        """What the condition of a rule cannot be where the rule after it is asked.

        A rule whose effect is final ends the policy where it applies. So where the next is asked
        its condition was not true, and a part that says the same is not true there either.
        """
        final = _FINAL.get(combining, ())
        if rule.when is None or not rule.enabled or rule.effect not in final:
            return frozenset()
        term = rule.when.term
        if isinstance(term, terms.Negation):
            return frozenset({(self._meaning(term.operand), Goal.FALSE)})
        return frozenset({(self._meaning(term), Goal.TRUE)})

    def _meaning(self, term: Term) -> str:
        """Equal for two parts of one policy that say the same."""
        match term:
            case terms.ConditionTerm():
                return str(term.body.term.span)
            case terms.Negation():
                return f"not ({self._meaning(term.operand)})"
            case terms.Conjunction() | terms.Disjunction():
                # YAML lists have no text of their own to tell them apart.
                inner = "; ".join(map(self._meaning, term.operands))
                return f"{type(term).__name__} ({inner})"
            case _:
                return self._written.text_of(term)

    def _add_rule(
        self, rule: ResolvedRule, sure: frozenset[str], settled: frozenset[Settled]
    ) -> None:
        if not rule.enabled:
            return
        outcomes = _outcomes(rule.when.term) if rule.when is not None else (Goal.TRUE,)
        goals = tuple(_OF_RULE[outcome] for outcome in outcomes)
        if not self.of_node(rule.ref.id_path):
            unit = Unit(UnitKind.RULE, rule.ref.id_path, rule.ref.span, goals)
            self._add_node(unit, rule.ref.id_path)
        if rule.when is not None:
            self._add_condition(rule.when, sure, settled)

    def _add_condition(
        self,
        checked: CheckedExpr,
        sure: frozenset[str],
        settled: frozenset[Settled] = frozenset(),
    ) -> None:
        can_fail = can_be_in_error(checked.term, sure=sure)
        self._add_term(
            checked.term, UnitKind.CONDITION, can_fail=can_fail, sure=sure, settled=settled
        )

    def _add_term(
        self,
        term: Term,
        kind: UnitKind,
        *,
        can_fail: bool,
        sure: frozenset[str],
        settled: frozenset[Settled] = frozenset(),
        name: str = "",
    ) -> None:
        """A whole condition with its parts; `can_fail` asks for an error of the whole."""
        if isinstance(term, terms.Negation):
            # True where the operand is false: one unit is enough for both.
            self._add_term(
                term.operand, kind, can_fail=can_fail, sure=sure, settled=settled, name=name
            )
            return
        if not isinstance(term, terms.Constant):
            meaning = self._meaning(term)
            possible = tuple(goal for goal in _outcomes(term) if (meaning, goal) not in settled)
            goals = (*possible, Goal.ERROR) if can_fail else possible
            unit = Unit(kind, name or self._written.text_of(term), term.span, goals)
            if unit.key not in self.units:
                self._by_span.setdefault(term.span, []).append(unit.key)
            self._add(unit)
        if isinstance(term, terms.ConditionTerm):
            body = term.body.term
            fails = can_be_in_error(body, sure=sure)
            kind = UnitKind.NAMED_CONDITION
            self._add_term(body, kind, can_fail=fails, sure=sure, name=term.name)
            return
        for part in parts(term):
            # A part alone is held to both truth values; how it fails is the whole's affair.
            self._add_term(part, UnitKind.CONDITION, can_fail=False, sure=sure, settled=settled)


def _outcomes(term: Term) -> tuple[Goal, ...]:
    if isinstance(term, terms.Constant):
        return (Goal.TRUE,) if term.value is True else (Goal.FALSE,)
    return _BOTH


def _effects(operation: ResolvedOperation) -> tuple[Goal, ...]:
    """What may come of an operation. Whoever asks without an accepted credential is denied."""
    goals = []
    if not operation.policies or any(_can_permit(policy) for policy in operation.policies):
        goals.append(Goal.PERMITTED)
    allow = operation.operation.allow
    always = isinstance(allow, AllowPublic) and not operation.guards and not operation.policies
    if not always:
        goals.append(Goal.DENIED)
    return tuple(goals)


def _can_permit(node: ResolvedChild) -> bool:
    if not node.enabled:
        return False
    if isinstance(node, ResolvedRule):
        return node.effect is RuleEffect.PERMIT
    if node.combining is CombiningAlgorithm.PERMIT_UNLESS_DENY:
        return True
    return any(_can_permit(child) for child in node.children)
