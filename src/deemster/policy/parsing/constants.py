"""`constants:`, typed values that expressions use by name."""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.ids import checked_name
from deemster.policy.parsing.scalars import INT_MAX, INT_MIN, describe, json_value
from deemster.policy.reading.nodes import Node, ScalarNode, SequenceNode
from deemster.policy.tree import Constant

__all__ = ["CONSTANT", "parse_constants"]

_MAX_LIST = 10_000
CONSTANT = forms.OneOf(
    (
        forms.String(),
        forms.Integer(),
        forms.Flag(),
        forms.ListOf(forms.String(), at_most=_MAX_LIST, may_repeat=True),
        forms.ListOf(forms.Integer(), at_most=_MAX_LIST, may_repeat=True),
    )
)


def parse_constants(fields: Fields) -> tuple[Constant, ...]:
    """`constants:` of a document; those with an error are left out."""
    found = []
    for key, value in fields.entries("constants"):
        name = checked_name(key, fields.sink)
        constant = _constant_value(key.text, value, fields.sink)
        if name is not None and constant is not None:
            found.append(Constant(name, constant, value.span))
    return tuple(found)


def _constant_value(name: str, node: Node, sink: DiagnosticSink) -> object | None:
    if isinstance(node, SequenceNode):
        return _constant_list(name, node, sink)
    value = json_value(node, sink) if isinstance(node, ScalarNode) else None
    if isinstance(value, bool | str) or _is_int64(value):
        return value
    _refuse_constant(name, node, sink)
    return None


def _constant_list(name: str, node: SequenceNode, sink: DiagnosticSink) -> object | None:
    if not node.items:
        sink.error(
            Code.EMPTY_LIST,
            f"constant `{name}` is an empty list",
            node.span,
            help="nothing is ever in an empty list; write at least one item",
        )
        return None
    if len(node.items) > _MAX_LIST:
        sink.error(
            Code.BAD_VALUE,
            f"constant `{name}` has {len(node.items):,} items, more than {_MAX_LIST:,}",
            SourceSpan(node.span.file, node.span.line, node.span.column, node.span.line,
                       node.span.column + 1),
        )  # fmt: skip
        return None
    values: list[object] = []
    for item in node.items:
        value = json_value(item, sink) if isinstance(item, ScalarNode) else None
        if not isinstance(value, str) and not _is_int64(value):
            _refuse_constant(name, item, sink)
            return None
        if type(value) is not type(values[0] if values else value):
            sink.error(
                Code.WRONG_TYPE,
                f"constant `{name}` mixes text and integers",
                item.span,
                help="put an integer in double quotes to make it a text",
            )
            return None
        values.append(value)
    return tuple(values)


def _is_int64(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and INT_MIN <= value <= INT_MAX


def _refuse_constant(name: str, node: Node, sink: DiagnosticSink) -> None:
    sink.error(
        Code.WRONG_TYPE,
        f"constant `{name}` cannot be {describe(node)}",
        node.span,
        help="a constant is text, an integer in 64 bits, `true`, `false`, or a list of texts or"
        " integers; in double quotes anything is text",
    )
