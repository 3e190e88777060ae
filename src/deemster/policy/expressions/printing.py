"""Syntax ► text: the shortest text that parses back to the same nodes."""

from __future__ import annotations

from collections.abc import Callable

from deemster.policy.expressions import ast
from deemster.policy.expressions.strings import quoted

__all__ = ["expression_text"]

# How tightly a node holds together; an operand that holds less tightly than its place asks for
# goes into parentheses.
_CONDITIONAL, _OR, _AND, _RELATION, _SUM, _UNARY, _MEMBER = range(7)


def expression_text(expr: ast.Expr) -> str:
    """The expression as text, one line. An `all` or `any` of one operand prints as the operand."""
    return _PRINTERS[type(expr)](expr)


def _within(expr: ast.Expr, tightness: int) -> str:
    text = expression_text(expr)
    return text if _tightness(expr) >= tightness else f"({text})"


def _tightness(expr: ast.Expr) -> int:
    if isinstance(expr, ast.And | ast.Or) and len(expr.operands) == 1:
        return _tightness(expr.operands[0])
    if isinstance(expr, ast.IntLiteral) and expr.value < 0:
        return _UNARY
    return _TIGHTNESS.get(type(expr), _MEMBER)


_TIGHTNESS: dict[type, int] = {
    ast.Conditional: _CONDITIONAL,
    ast.Or: _OR,
    ast.And: _AND,
    ast.Comparison: _RELATION,
    ast.Membership: _RELATION,
    ast.Arithmetic: _SUM,
    ast.Not: _UNARY,
    ast.Negate: _UNARY,
}


def _conditional(node: ast.Conditional) -> str:
    return (
        f"{_within(node.condition, _OR)} ? {_within(node.then, _OR)}"
        f" : {_within(node.otherwise, _CONDITIONAL)}"
    )


def _negate(node: ast.Negate) -> str:
    # A sign before a digit belongs to the literal: `-5.size()` is a member of -5.
    text = _within(node.operand, _UNARY)
    return f"-({text})" if text[0].isdigit() else f"-{text}"


def _listed(items: tuple[ast.Expr, ...]) -> str:
    return ", ".join(expression_text(item) for item in items)


_PRINTERS: dict[type, Callable[..., str]] = {
    ast.IntLiteral: lambda node: str(node.value),
    ast.StringLiteral: lambda node: quoted(node.value),
    ast.BoolLiteral: lambda node: "true" if node.value else "false",
    ast.NullLiteral: lambda node: "null",
    ast.Name: lambda node: node.identifier,
    ast.Member: lambda node: f"{_within(node.operand, _MEMBER)}.{node.name}",
    ast.Index: lambda node: f"{_within(node.operand, _MEMBER)}[{expression_text(node.index)}]",
    ast.Not: lambda node: f"!{_within(node.operand, _UNARY)}",
    ast.Negate: _negate,
    ast.And: lambda node: " && ".join(_within(one, _RELATION) for one in node.operands),
    ast.Or: lambda node: " || ".join(_within(one, _AND) for one in node.operands),
    ast.Comparison: lambda node: (
        f"{_within(node.left, _SUM)} {node.operator} {_within(node.right, _SUM)}"
    ),
    ast.Membership: lambda node: (
        f"{_within(node.element, _SUM)} in {_within(node.collection, _SUM)}"
    ),
    ast.Arithmetic: lambda node: (
        f"{_within(node.left, _SUM)} {node.operator} {_within(node.right, _UNARY)}"
    ),
    ast.Conditional: _conditional,
    ast.ListLiteral: lambda node: f"[{_listed(node.items)}]",
    ast.Call: lambda node: f"{node.function}({_listed(node.arguments)})",
    ast.MethodCall: lambda node: (
        f"{_within(node.operand, _MEMBER)}.{node.method}({_listed(node.arguments)})"
    ),
    ast.Has: lambda node: f"has({expression_text(node.operand)})",
    ast.Quantifier: lambda node: (
        f"{_within(node.collection, _MEMBER)}.{node.kind}"
        f"({node.variable}, {expression_text(node.predicate)})"
    ),
}
