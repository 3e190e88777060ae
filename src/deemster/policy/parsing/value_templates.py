r"""Texts with `{names}` in them: `/v1/score/{claims.sub}`. A brace itself is `\{` or `\}`."""

from __future__ import annotations

import re

from deemster.policy.attribute_tree import ValueTemplate
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions import ast
from deemster.policy.expressions.names import path_of
from deemster.policy.expressions.parser import parse_expression
from deemster.policy.expressions.syntax_error import ExpressionSyntaxError
from deemster.policy.parsing.scalars import describe
from deemster.policy.reading.nodes import Node, ScalarNode

__all__ = ["parse_value_template"]

_MOST_CHARACTERS = 2048
_PIECE = re.compile(r"\\(?P<escaped>[{}\\])|\{(?P<name>[^{}]*)\}|(?P<stray>[{}\\])|[^{}\\]+")


def parse_value_template(node: Node, sink: DiagnosticSink, name: str) -> ValueTemplate | None:
    """The template, or None after an error. `name` is how messages call the field."""
    if not isinstance(node, ScalarNode):
        sink.error(Code.WRONG_TYPE, f"{name} must be text, found {describe(node)}", node.span)
        return None
    if len(node.text) > _MOST_CHARACTERS:
        message = f"{name} has more than {_MOST_CHARACTERS} characters"
        sink.error(Code.BAD_VALUE, message, node.span)
        return None
    before = sink.error_count
    pieces: list[str | ast.Expr] = []
    for found in _PIECE.finditer(node.text):
        if found["name"] is not None:
            expr = _named(node, found, sink)
            if expr is not None:
                pieces.append(expr)
        elif found["stray"] is not None:
            _refuse_stray(node, found, sink)
        else:
            _add_text(pieces, found["escaped"] or found[0])
    return ValueTemplate(tuple(pieces), node.span) if sink.error_count == before else None


def _add_text(pieces: list[str | ast.Expr], text: str) -> None:
    last = pieces[-1] if pieces else None
    if isinstance(last, str):
        pieces[-1] = last + text
    else:
        pieces.append(text)


def _named(node: ScalarNode, found: re.Match[str], sink: DiagnosticSink) -> ast.Expr | None:
    start = found.start("name")
    try:
        expr = parse_expression(
            found["name"], lambda first, last: node.span_of(start + first, start + last)
        )
    except ExpressionSyntaxError as problem:
        place = node.span_of(start + problem.start, start + problem.end)
        sink.error(problem.code, problem.message, place, help=problem.help)
        return None
    if path_of(expr) is not None:
        return expr
    sink.error(
        Code.EXPRESSION_SYNTAX,
        "only a dotted name can stand in `{…}`",
        node.span_of(found.start(), found.end()),
        help="for example `{claims.sub}`; what is to be computed belongs into a condition",
    )
    return None


def _refuse_stray(node: ScalarNode, found: re.Match[str], sink: DiagnosticSink) -> None:
    sink.error(
        Code.EXPRESSION_SYNTAX,
        "a backslash stands before a brace or another backslash"
        if found[0] == "\\"
        else f"this `{found[0]}` has no counterpart",
        node.span_of(found.start(), found.end()),
        help=r"a name stands in braces, `{claims.sub}`; a brace itself is `\{` or `\}`",
    )
