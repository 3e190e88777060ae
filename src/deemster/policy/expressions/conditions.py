"""Conditions of the policy tree ► syntax: texts, and the YAML lists `all`, `any`, `not`."""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions import ast
from deemster.policy.expressions.parser import parse_expression
from deemster.policy.expressions.syntax_error import ExpressionSyntaxError
from deemster.policy.reading.nodes import ScalarNode

__all__ = ["parse_condition"]


def parse_condition(condition: tree.Condition, sink: DiagnosticSink) -> ast.Expr | None:
    """The syntax of a condition, or None after telling `sink` why there is none.

    Every text of an `all` or `any` list is read, so that all mistakes are reported together.
    """
    if isinstance(condition, tree.ConditionText):
        return _parse_text(condition.node, sink)
    if isinstance(condition, tree.ConditionNot):
        operand = parse_condition(condition.item, sink)
        return None if operand is None else ast.Not(operand, condition.span)
    items = [parse_condition(item, sink) for item in condition.items]
    operands = tuple(item for item in items if item is not None)
    if len(operands) < len(items) or not operands:
        # An empty list was reported by the tree's parser.
        return None
    if isinstance(condition, tree.ConditionAll):
        return ast.And(operands, condition.span)
    return ast.Or(operands, condition.span)


def _parse_text(node: ScalarNode, sink: DiagnosticSink) -> ast.Expr | None:
    try:
        return parse_expression(node.text, node.span_of)
    except ExpressionSyntaxError as problem:
        sink.error(problem.code, problem.message, _place(node, problem), help=problem.help)
        return None


def _place(node: ScalarNode, problem: ExpressionSyntaxError) -> SourceSpan:
    return node.span_of(problem.start, problem.end)
