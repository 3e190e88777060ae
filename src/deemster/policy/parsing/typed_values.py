"""Values of declared types in the schema: `default` and the members of `enum`."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions.times import timestamp_seconds
from deemster.policy.parsing.scalars import describe, flag_of, integer_of, json_value
from deemster.policy.reading.nodes import Node, ScalarNode, ScalarStyle, SequenceNode

__all__ = ["JSON_TYPE", "TYPE_NAMES", "typed_value"]

TYPE_NAMES = ("string", "int", "bool", "timestamp", "list<string>", "list<int>")
JSON_TYPE = "json"
"""Of attributes alone: a JSON document."""


def typed_value(node: Node, type_: str, sink: DiagnosticSink, name: str) -> object | None:
    """str, int, bool, seconds since 1970, a tuple, or JSON; None after an error.

    `type_` is one of TYPE_NAMES, or JSON_TYPE; `name` is how messages call the field.
    """
    if type_ == JSON_TYPE:
        return _json(node, sink, name)
    if type_ in {"list<string>", "list<int>"}:
        return _list_value(node, type_, sink, name)
    if type_ == "int":
        return integer_of(node, sink, name)
    if type_ == "bool":
        return flag_of(node, sink, name)
    if type_ == "timestamp":
        return _timestamp(node, sink, name)
    if isinstance(node, ScalarNode) and (node.text or node.style is not ScalarStyle.PLAIN):
        return node.text
    sink.error(Code.WRONG_TYPE, f"{name} must be text, found {describe(node)}", node.span)
    return None


def _json(node: Node, sink: DiagnosticSink, name: str) -> object | None:
    before = sink.error_count
    value = json_value(node, sink)
    if value is None and sink.error_count == before:
        sink.error(
            Code.WRONG_TYPE,
            f"{name} must be a JSON value, found {describe(node)}",
            node.span,
            help="null counts as absent",
        )
    return value


def _list_value(node: Node, type_: str, sink: DiagnosticSink, name: str) -> object | None:
    if not isinstance(node, SequenceNode):
        sink.error(Code.WRONG_TYPE, f"{name} must be a list, found {describe(node)}", node.span)
        return None
    item_type = "int" if type_ == "list<int>" else "string"
    values = [typed_value(item, item_type, sink, f"an item of {name}") for item in node.items]
    return None if any(value is None for value in values) else tuple(values)


def _timestamp(node: Node, sink: DiagnosticSink, name: str) -> int | float | None:
    found = timestamp_seconds(node.text) if isinstance(node, ScalarNode) else None
    if found is None:
        sink.error(
            Code.WRONG_TYPE,
            f"{name} must be a time, found {describe(node)}",
            node.span,
            help="RFC 3339 with its offset, for example `2026-11-22T09:00:00Z`",
        )
    return found
