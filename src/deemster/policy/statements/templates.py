"""Payloads as written: JSON in which texts may have places for values, `${claims.sub}`.

Only names stand between the braces; `$${` is the text `${`, any other `$` is itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions import ast
from deemster.policy.expressions.names import path_of
from deemster.policy.expressions.parser import parse_expression
from deemster.policy.expressions.syntax_error import ExpressionSyntaxError
from deemster.policy.parsing.scalars import json_value
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, SequenceNode

__all__ = [
    "JsonTemplate",
    "Placeholder",
    "TextTemplate",
    "has_placeholder",
    "placeholders_of",
    "read_json_template",
    "read_text_template",
]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`${name}`: the name as syntax, and the whole of it in the file."""

    expr: ast.Expr
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """Texts and placeholders in turn; at least one placeholder, no empty text."""

    parts: tuple[str | Placeholder, ...]
    span: SourceSpan

    @property
    def is_value(self) -> bool:
        """Whether it is nothing but one placeholder, and so the value itself."""
        return len(self.parts) == 1


JsonTemplate = object
"""JSON (dict, list, str, int, float, bool, None) with TextTemplates among the values."""


def placeholders_of(template: JsonTemplate) -> Iterator[Placeholder]:
    """Every placeholder, in order."""
    if isinstance(template, TextTemplate):
        yield from (part for part in template.parts if isinstance(part, Placeholder))
    elif isinstance(template, dict):
        for value in template.values():
            yield from placeholders_of(value)
    elif isinstance(template, list):
        for value in template:
            yield from placeholders_of(value)


def read_json_template(node: Node, sink: DiagnosticSink) -> JsonTemplate:
    """A free payload; keys are as written. After an error the value means nothing."""
    if isinstance(node, MappingNode):
        return {key.text: read_json_template(value, sink) for key, value in node.entries}
    if isinstance(node, SequenceNode):
        return [read_json_template(item, sink) for item in node.items]
    value = json_value(node, sink)
    return read_text_template(node, sink) if isinstance(value, str) else value


def has_placeholder(node: ScalarNode) -> bool:
    """Whether a text that is taken as it stands looks as if its author expected otherwise."""
    return "${" in node.text.replace("$${", "")


def read_text_template(node: ScalarNode, sink: DiagnosticSink) -> str | TextTemplate:
    """The text of a scalar; a plain str where it has no placeholder."""
    if "${" not in node.text:
        return node.text
    parts = _merged(_parts(node, sink))
    if not any(isinstance(part, Placeholder) for part in parts):
        return "".join(part for part in parts if isinstance(part, str))
    return TextTemplate(tuple(parts), node.span)


def _parts(node: ScalarNode, sink: DiagnosticSink) -> Iterator[str | Placeholder]:
    text, at = node.text, 0
    while True:
        start = text.find("${", at)
        if start < 0:
            yield text[at:]
            return
        if text.startswith("$${", start - 1) and start > at:
            yield f"{text[at : start - 1]}${{"
            at = start + 2
            continue
        yield text[at:start]
        end = text.find("}", start)
        if end < 0:
            sink.error(
                Code.BAD_INTERPOLATION,
                "`${` is never closed",
                node.span_of(start, start + 2),
                help="write `${claims.sub}`, or `$${` for the text `${`",
            )
            return
        placeholder = _placeholder(node, start, end + 1, sink)
        if placeholder is not None:
            yield placeholder
        at = end + 1


def _placeholder(
    node: ScalarNode, start: int, end: int, sink: DiagnosticSink
) -> Placeholder | None:
    inside = node.text[start + 2 : end - 1]
    begin = start + 2
    if not inside.strip():
        _refuse(node, start, end, "`${}` names nothing", sink)
        return None
    try:
        expr = parse_expression(
            inside, lambda first, last: node.span_of(begin + first, begin + last)
        )
    except ExpressionSyntaxError as problem:
        place = node.span_of(begin + problem.start, begin + problem.end)
        sink.error(Code.BAD_INTERPOLATION, problem.message, place, help=problem.help or _EXAMPLE)
        return None
    if path_of(expr) is None:
        _refuse(node, start, end, f"`{inside.strip()}` is an expression and not a name", sink)
        return None
    return Placeholder(expr, node.span_of(start, end))


_EXAMPLE = "between `${` and `}` stands one name, such as `${claims.sub}`; `$${` is the text `${`"


def _refuse(node: ScalarNode, start: int, end: int, message: str, sink: DiagnosticSink) -> None:
    sink.error(Code.BAD_INTERPOLATION, message, node.span_of(start, end), help=_EXAMPLE)


def _merged(parts: Iterator[str | Placeholder]) -> list[str | Placeholder]:
    """Without empty texts, and texts beside each other in one."""
    found: list[str | Placeholder] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, str) and isinstance(last, str):
            found[-1] = last + part
        elif part != "":
            found.append(part)
    return found
