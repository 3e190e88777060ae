"""Payloads of header fields and query parameters: `modify-headers` and `modify-query`."""

from __future__ import annotations

import re

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.parsing.payloads.texts import is_null, members_of, read_text, read_texts
from deemster.policy.reading.nodes import Node, ScalarNode
from deemster.policy.statements.headers import OF_THE_CONNECTION, is_header_name, is_header_value
from deemster.policy.statements.templates import JsonTemplate

__all__ = ["HEADER_TEXT", "read_modify_headers", "read_modify_query"]

HEADER_TEXT = "visible ASCII and blanks, none at the ends, at most 8,192 characters"


def read_modify_headers(node: Node, sink: DiagnosticSink) -> JsonTemplate:
    first: dict[str, ScalarNode] = {}
    payload: dict[str, JsonTemplate] = {}
    for key, value in members_of(node, sink, "modify-headers", "{x-tier: gold}"):
        name = key.text.lower()
        if name in OF_THE_CONNECTION:
            sink.error(
                Code.BAD_HEADER,
                f"no statement may touch `{key.text}`",
                key.span,
                help="it belongs to the connection and to where a message begins and ends",
            )
        elif not is_header_name(name):
            sink.error(
                Code.BAD_HEADER,
                f"`{key.text}` is no header name",
                key.span,
                help="header names have letters, digits and hyphens",
            )
        elif name in first:
            sink.error(
                Code.DUPLICATE_KEY,
                f"header `{key.text}` is there twice: case does not matter",
                key.span,
                help="remove one of them; a list of texts repeats the header",
                notes=(Note("first written", first[name].span),),
            )
        first.setdefault(name, key)
        payload[name] = _field_value(value, sink, f"header `{key.text}`", is_header=True)
    return payload


def read_modify_query(node: Node, sink: DiagnosticSink) -> JsonTemplate:
    return {
        key.text: _field_value(value, sink, f"query parameter `{key.text}`", is_header=False)
        for key, value in members_of(node, sink, "modify-query", "{tenant: '${claims.tenant}'}")
    }


def _field_value(node: Node, sink: DiagnosticSink, name: str, *, is_header: bool) -> JsonTemplate:
    if isinstance(node, ScalarNode) and is_null(node):
        return None

    def checked(item: Node, sink: DiagnosticSink, name: str) -> JsonTemplate:
        text = read_text(item, sink, name, may_be_empty=True)
        usable = not isinstance(text, str) or (
            is_header_value(text) if is_header else _CONTROL.search(text) is None
        )
        if not usable:
            sink.error(
                Code.BAD_HEADER if is_header else Code.BAD_VALUE,
                f"{name} cannot have this value",
                item.span,
                help=HEADER_TEXT if is_header else "it has no control characters",
            )
        return text

    return read_texts(node, sink, name, checked)


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
