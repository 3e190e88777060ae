"""`source:` of an attribute: where a value comes from, as one of seven kinds."""

from __future__ import annotations

import re
from collections.abc import Callable

from deemster.policy import attribute_tree
from deemster.policy.attribute_tree import Source, ValueTemplate
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions.types import ListType, type_named
from deemster.policy.jsonpath import JsonPath, parse_json_path
from deemster.policy.jsonpath.reading import read_json_path
from deemster.policy.parsing.attribute_shapes import DERIVED, HTTP, SOURCE, SQL
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.request_targets import check_target
from deemster.policy.parsing.scalars import describe, listed
from deemster.policy.parsing.typed_declarations import TypedPart, check_admitted
from deemster.policy.parsing.typed_values import JSON_TYPE, typed_value
from deemster.policy.parsing.value_templates import parse_value_template
from deemster.policy.reading.nodes import Node
from deemster.policy.tree import Text

__all__ = ["parse_source"]

_WHOLE = parse_json_path("$")
_KINDS = tuple(SOURCE.keys)
# RFC 9110 5.1 and 5.6.2: a field name is a token.
_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")
_OF_THE_CONNECTION = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "expect", "host", "keep-alive"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_LONGEST_TIMEOUT = 60_000
_LONGEST_CACHE = 86_400_000


def parse_source(fields: Fields, typed: TypedPart, sink: DiagnosticSink) -> Source | None:
    """The source in `source:` of a declaration; None after an error."""
    node = fields.node_of("source")
    found = None if node is None else Fields.of(node, SOURCE, sink)
    if found is None:
        return None
    written = [kind for kind in _KINDS if kind in found]
    if len(written) != 1:
        if found.keys_are_known:
            sink.error(
                Code.BAD_VALUE,
                "an attribute has exactly one source",
                found.key_span(written[1]) if written else found.head_span,
                help=f"one of {listed(_KINDS)}",
            )
        return None
    return _PARSERS[written[0]](found, typed, sink)


def _http(fields: Fields, typed: TypedPart, sink: DiagnosticSink) -> Source | None:
    inner = _below(fields, "http", sink)
    if inner is None:
        return None
    before = sink.error_count
    service = inner.text("service")
    path = _template(inner, "path", sink)
    if path is not None:
        check_target(path, inner, sink)
    method = inner.choice("method", {"GET": "GET", "POST": "POST"})
    headers = tuple(_headers(inner, sink))
    select = _select(inner, typed, sink) or _WHOLE
    timeout, cache = _times(inner, sink)
    if service is None or path is None or sink.error_count > before:
        return None
    return attribute_tree.HttpSource(
        service, method or "GET", path, headers, select, timeout, cache or 0
    )


def _sql(fields: Fields, typed: TypedPart, sink: DiagnosticSink) -> Source | None:
    inner = _below(fields, "sql", sink)
    if inner is None:
        return None
    before = sink.error_count
    query = inner.text("query")
    parameters = []
    for key, value in inner.entries("parameters"):
        template = parse_value_template(value, sink, f"parameter `{key.text}`")
        if template is not None:
            parameters.append((Text(key.text, key.span), template))
    column = inner.string("column")
    select = _select(inner, typed, sink)
    if column is not None and "select" in inner:
        sink.error(
            Code.BAD_VALUE,
            "`column` and `select` both say what the value is",
            inner.key_span("select"),
            help="write one of them",
        )
    timeout, cache = _times(inner, sink)
    if query is None or sink.error_count > before:
        return None
    return attribute_tree.SqlSource(query, tuple(parameters), column, select, timeout, cache or 0)


def _body(fields: Fields, typed: TypedPart, sink: DiagnosticSink) -> Source | None:
    path = _path(fields, "body", typed, sink)
    return None if path is None else attribute_tree.BodySource(path)


def _header(fields: Fields, typed: TypedPart, sink: DiagnosticSink) -> Source | None:
    name = fields.text("header")
    if name is None or not _is_text_readable(fields, "header", typed, sink):
        return None
    if not _FIELD_NAME.fullmatch(name.value):
        lowered = name.value.lower()
        sink.error(
            Code.BAD_VALUE,
            f"header names are lower-case, found `{name.value}`"
            if _FIELD_NAME.fullmatch(lowered)
            else f"`{name.value}` is no name of a header",
            name.span,
            help=f"write `{lowered}`" if _FIELD_NAME.fullmatch(lowered) else None,
        )
        return None
    return attribute_tree.HeaderSource(name.value)


def _query(fields: Fields, typed: TypedPart, sink: DiagnosticSink) -> Source | None:
    name = fields.text("query")
    if name is None or not _is_text_readable(fields, "query", typed, sink):
        return None
    return attribute_tree.QuerySource(name.value)


def _is_text_readable(fields: Fields, key: str, typed: TypedPart, sink: DiagnosticSink) -> bool:
    if typed.type != JSON_TYPE:
        return True
    sink.error(
        Code.BAD_VALUE,
        f"a `{key}` is text and no JSON document",
        fields.key_span(key),
        help="declare another type, such as `type: string`",
    )
    return False


def _constant(fields: Fields, typed: TypedPart, sink: DiagnosticSink) -> Source | None:
    node = fields.node_of("constant")
    value = None if node is None else typed_value(node, typed.type, sink, "`constant`")
    if node is None or value is None:
        return None
    before = sink.error_count
    check_admitted(value, node, typed, sink, "the constant")
    return attribute_tree.ConstantSource(value) if sink.error_count == before else None


def _derived(fields: Fields, typed: TypedPart, sink: DiagnosticSink) -> Source | None:
    inner = _below(fields, "attribute", sink)
    if inner is None:
        return None
    name, select = inner.text("name"), _path(inner, "select", typed, sink)
    if name is None or select is None:
        return None
    return attribute_tree.DerivedSource(name, select)


_Parser = Callable[[Fields, TypedPart, DiagnosticSink], Source | None]
_PARSERS: dict[str, _Parser] = {
    "http": _http,
    "sql": _sql,
    "body": _body,
    "header": _header,
    "query": _query,
    "constant": _constant,
    "attribute": _derived,
}


# --- parts --------------------------------------------------------------------------------------


def _below(fields: Fields, key: str, sink: DiagnosticSink) -> Fields | None:
    node = fields.node_of(key)
    shape = {"http": HTTP, "sql": SQL, "attribute": DERIVED}[key]
    return None if node is None else Fields.of(node, shape, sink)


def _template(fields: Fields, key: str, sink: DiagnosticSink) -> ValueTemplate | None:
    node = fields.node_of(key)
    return None if node is None else parse_value_template(node, sink, f"`{key}`")


def _headers(fields: Fields, sink: DiagnosticSink) -> list[tuple[Text, ValueTemplate]]:
    found: dict[str, tuple[Text, ValueTemplate]] = {}
    for key, value in fields.entries("headers"):
        name = key.text.lower()
        if not _FIELD_NAME.fullmatch(name):
            sink.error(Code.BAD_VALUE, f"`{key.text}` is no name of a header", key.span)
        elif name in _CREDENTIALS:
            sink.error(
                Code.BAD_VALUE,
                f"`{key.text}` is a credential, and a policy has none",
                key.span,
                help="write it into the settings: `services: {name: {headers: ...}}`",
            )
        elif name in _OF_THE_CONNECTION:
            sink.error(
                Code.BAD_VALUE,
                f"`{key.text}` belongs to the connection and not to a policy",
                key.span,
                help="leave it out",
            )
        elif name in found:
            sink.error(
                Code.DUPLICATE_ITEM,
                f"the header `{name}` is written twice",
                key.span,
                help="header names are the same in upper and lower case",
            )
        else:
            template = parse_value_template(value, sink, f"header `{key.text}`")
            if template is not None:
                found[name] = (Text(name, key.span), template)
    return list(found.values())


def _times(fields: Fields, sink: DiagnosticSink) -> tuple[int | None, int | None]:
    timeout, cache = fields.milliseconds("timeout"), fields.milliseconds("cache")
    if timeout is not None and not 0 < timeout <= _LONGEST_TIMEOUT:
        _refuse_time(fields, "timeout", "1ms to 60s", sink)
    if cache is not None and cache > _LONGEST_CACHE:
        _refuse_time(fields, "cache", "at most 24h", sink)
    return timeout, cache


def _refuse_time(fields: Fields, key: str, expected: str, sink: DiagnosticSink) -> None:
    node = fields.node_of(key)
    if node is not None:
        message = f"`{key}` cannot be {describe(node)}"
        sink.error(Code.BAD_VALUE, message, node.span, help=f"expected {expected}")


def _select(fields: Fields, typed: TypedPart, sink: DiagnosticSink) -> JsonPath | None:
    return _path(fields, "select", typed, sink) if "select" in fields else None


def _path(fields: Fields, key: str, typed: TypedPart, sink: DiagnosticSink) -> JsonPath | None:
    node: Node | None = fields.node_of(key)
    path = None if node is None else read_json_path(node, sink, f"`{key}`")
    if node is None or path is None:
        return None
    is_list = typed.type != JSON_TYPE and isinstance(type_named(typed.type), ListType)
    if path.is_singular or is_list:
        return path
    sink.error(
        Code.BAD_JSONPATH,
        f"this may select several values, and `{typed.type}` is one",
        node.span,
        help="use names and indices only, such as `$.items[0].price`, or declare a list type",
    )
    return None
