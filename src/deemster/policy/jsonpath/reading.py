"""A JSONPath in a policy file: a scalar ► a path, or a diagnostic at the very character."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.jsonpath.parser import JsonPathSyntaxError, parse_json_path
from deemster.policy.jsonpath.path import JsonPath
from deemster.policy.parsing.scalars import text_of
from deemster.policy.reading.nodes import Node, ScalarNode

__all__ = ["read_json_path"]


def read_json_path(node: Node, sink: DiagnosticSink, name: str) -> JsonPath | None:
    """The path, or None after an error. `name` is how messages call the field."""
    text = text_of(node, sink, name)
    if text is None or not isinstance(node, ScalarNode):
        return None
    try:
        return parse_json_path(text.value)
    except JsonPathSyntaxError as problem:
        sink.error(
            Code.BAD_JSONPATH,
            problem.message,
            node.span_of(problem.start, problem.end),
            help=problem.help,
        )
        return None
