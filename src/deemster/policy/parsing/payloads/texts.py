"""Texts of payloads: with places for values where they may have some, as they stand elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.scalars import describe, text_of
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle, SequenceNode
from deemster.policy.statements.templates import (
    JsonTemplate,
    TextTemplate,
    has_placeholder,
    read_json_template,
)

__all__ = [
    "TextReader",
    "is_null",
    "members_of",
    "read_literal",
    "read_text",
    "read_texts",
    "refuse_placeholder",
]

TextReader = Callable[[Node, DiagnosticSink, str], JsonTemplate]


def members_of(
    node: Node, sink: DiagnosticSink, code: str, example: str
) -> tuple[tuple[ScalarNode, Node], ...]:
    if not isinstance(node, MappingNode):
        sink.error(
            Code.WRONG_TYPE,
            f"the payload of `{code}` must be a mapping, found {describe(node)}",
            node.span,
            help=f"for example `payload: {example}`",
        )
        return ()
    if not node.entries:
        sink.error(
            Code.EMPTY_LIST,
            f"the payload of `{code}` is empty",
            node.span,
            help=f"for example `payload: {example}`",
        )
    return node.entries


def read_text(
    node: Node, sink: DiagnosticSink, name: str, *, may_be_empty: bool = False
) -> JsonTemplate:
    """A text; anything else that YAML has is refused, so that `5` and `"5"` never differ unseen."""
    if not isinstance(node, ScalarNode) or (not may_be_empty and not node.text):
        text_of(node, sink, name)
        return None
    template = read_json_template(node, sink)
    if isinstance(template, str | TextTemplate):
        return template
    sink.error(
        Code.WRONG_TYPE,
        f"{name} must be text, found {describe(node)}",
        node.span,
        help=f'put it in double quotes: `"{node.text[:60]}"`' if node.text else None,
    )
    return None


def read_texts(node: Node, sink: DiagnosticSink, name: str, read: TextReader) -> JsonTemplate:
    """A text, or a list of them that is not empty."""
    if not isinstance(node, SequenceNode):
        return read(node, sink, name)
    if not node.items:
        sink.error(Code.EMPTY_LIST, f"{name} is an empty list", node.span, help="write one text")
    return [read(item, sink, name) for item in node.items]


def read_literal(fields: Fields, key: str) -> str | None:
    """A text that is taken as it stands."""
    found = fields.text(key)
    node = fields.node_of(key)
    if found is None or not isinstance(node, ScalarNode):
        return None
    if has_placeholder(node):
        refuse_placeholder(node, fields.sink, f"`{key}`")
        return None
    return found.value


def refuse_placeholder(node: ScalarNode, sink: DiagnosticSink, what: str) -> None:
    start = node.text.replace("$${", "   ").index("${")
    sink.error(
        Code.BAD_INTERPOLATION,
        f"{what} is taken as it stands: no value can be put into it",
        node.span_of(start, start + 2),
        help="a value could change what it selects; write it out",
    )


def is_null(node: ScalarNode) -> bool:
    return node.style is ScalarStyle.PLAIN and node.text in {"null", ""}
