"""`attributes:`, values that conditions read and that come from a source."""

from __future__ import annotations

from deemster.policy.attribute_tree import AttributeDeclaration
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing.attribute_shapes import ATTRIBUTE, ATTRIBUTE_TYPES, ON_ERROR
from deemster.policy.parsing.attribute_sources import parse_source
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.ids import checked_name
from deemster.policy.parsing.scalars import describe
from deemster.policy.parsing.typed_declarations import TypedPart, check_admitted, parse_typed
from deemster.policy.parsing.typed_values import typed_value
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode

__all__ = ["parse_attributes"]


def parse_attributes(fields: Fields) -> tuple[AttributeDeclaration, ...]:
    """`attributes:` of a document; those with an error are left out."""
    found = []
    for key, value in fields.entries("attributes"):
        attribute = _attribute(key, value, fields.sink)
        if attribute is not None:
            found.append(attribute)
    return tuple(found)


def _attribute(key: ScalarNode, node: Node, sink: DiagnosticSink) -> AttributeDeclaration | None:
    before = sink.error_count
    name = checked_name(key, sink)
    fields = Fields.of(node, ATTRIBUTE, sink)
    if fields is None or name is None:
        return None
    typed = parse_typed(fields, name, sink, ATTRIBUTE_TYPES)
    if typed is None:
        return None
    source = parse_source(fields, typed, sink)
    substitute = _substitute(fields, typed, sink)
    if source is None or sink.error_count > before:
        return None
    return AttributeDeclaration(
        name=name,
        type=typed.type,
        optional=typed.optional,
        has_default=typed.has_default,
        default=typed.default,
        enum=typed.enum,
        minimum=typed.minimum,
        maximum=typed.maximum,
        source=source,
        substitute=substitute,
        span=key.span,
    )


def _substitute(fields: Fields, typed: TypedPart, sink: DiagnosticSink) -> object:
    node = fields.node_of("onError")
    if node is None or (isinstance(node, ScalarNode) and node.text == "indeterminate"):
        return None
    if not isinstance(node, MappingNode):
        sink.error(
            Code.BAD_VALUE,
            f"`onError` cannot be {describe(node)}",
            node.span,
            help="write `onError: indeterminate`, or `onError: {value: ...}` with a value that "
            "stands for what could not be fetched",
        )
        return None
    inner = Fields(node, ON_ERROR, sink)
    written = inner.node_of("value")
    value = None if written is None else typed_value(written, typed.type, sink, "`value`")
    if written is not None and value is not None:
        check_admitted(value, written, typed, sink, "the value")
    return value
