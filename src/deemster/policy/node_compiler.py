"""Resolved rules and policies ► nodes: plain ones, unless there is something to carry."""

from __future__ import annotations

from deemster.policy.evaluation import (
    NOTHING_CARRIED,
    DisabledNode,
    Node,
    PolicyRuleNode,
    PolicySetNode,
)
from deemster.policy.expressions.closures import compile_condition
from deemster.policy.expressions.inputs import describe_inputs
from deemster.policy.folding import combiner_of
from deemster.policy.resolved import ResolvedChild, ResolvedPolicy, ResolvedRule
from deemster.policy.statements.building import compile_statement
from deemster.policy.statements.nodes import (
    CarryingFirstApplicableNode,
    CarryingRuleNode,
    CarryingSetNode,
)
from deemster.policy.tree import CombiningAlgorithm

__all__ = ["compile_node"]


def compile_node(resolved: ResolvedChild) -> Node:
    """The node of a rule or a policy, and all below it."""
    if not resolved.enabled:
        return DisabledNode(resolved.ref)
    if isinstance(resolved, ResolvedRule):
        return _rule(resolved)
    return _policy(resolved)


def _rule(resolved: ResolvedRule) -> Node:
    ref, effect, condition = resolved.ref, resolved.effect, resolved.when
    when = compile_condition(condition) if condition is not None else None
    inputs = describe_inputs(condition) if condition is not None else ()
    if not resolved.statements:
        return PolicyRuleNode(ref, effect, when, inputs, condition)
    attached = [compile_statement(statement) for statement in resolved.statements]
    return CarryingRuleNode(ref, effect, when, attached, inputs, condition)


def _policy(resolved: ResolvedPolicy) -> Node:
    ref, condition = resolved.ref, resolved.target
    target = compile_condition(condition) if condition is not None else None
    inputs = describe_inputs(condition) if condition is not None else ()
    children = tuple(compile_node(child) for child in resolved.children)
    attached = [compile_statement(statement) for statement in resolved.statements]
    carries = attached or any(child.carries != NOTHING_CARRIED for child in children)
    if carries and resolved.combining is CombiningAlgorithm.FIRST_APPLICABLE:
        return CarryingFirstApplicableNode(ref, target, children, attached, inputs, condition)
    combine = combiner_of(resolved.combining, children, ref, simple=resolved.simple_indeterminate)
    if carries:
        return CarryingSetNode(ref, combine, target, children, attached, inputs, condition)
    return PolicySetNode(ref, combine, target, inputs, condition)
