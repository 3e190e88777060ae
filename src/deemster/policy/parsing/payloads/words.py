"""Payloads that word a deny: `denied-reason` and `auth-challenge`."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.payloads.header_fields import HEADER_TEXT
from deemster.policy.parsing.payloads.shapes import AUTH_CHALLENGE, DENIED_REASON, STATUSES
from deemster.policy.parsing.payloads.texts import read_text, read_texts
from deemster.policy.parsing.scalars import integer_of
from deemster.policy.reading.nodes import Node, ScalarNode
from deemster.policy.statements.headers import is_header_value
from deemster.policy.statements.templates import (
    JsonTemplate,
    has_placeholder,
    read_text_template,
)

__all__ = ["read_auth_challenge", "read_denied_reason"]


def read_denied_reason(node: Node, sink: DiagnosticSink) -> JsonTemplate:
    fields = Fields.of(node, DENIED_REASON, sink)
    if fields is None:
        return None
    payload = {
        key: read_text(value, sink, f"`{key}`")
        for key in ("code", "message", "detail")
        if (value := fields.node_of(key)) is not None
    }
    if "status" in fields:
        payload["status"] = fields.choice("status", STATUSES)
    return payload


def read_auth_challenge(node: Node, sink: DiagnosticSink) -> JsonTemplate:
    fields = Fields.of(node, AUTH_CHALLENGE, sink)
    if fields is None:
        return None
    payload: dict[str, JsonTemplate] = {}
    acr_values, max_age = fields.node_of("acr_values"), fields.node_of("max_age")
    if acr_values is not None:
        payload["acr_values"] = read_texts(acr_values, sink, "`acr_values`", _challenge_text)
    if max_age is not None:
        payload["max_age"] = _seconds(max_age, sink)
    if acr_values is None and max_age is None and fields.keys_are_known:
        sink.error(
            Code.MISSING_KEY,
            "the payload of `auth-challenge` needs `acr_values` or `max_age`",
            fields.head_span,
            help="for example `payload: {acr_values: hwk, max_age: 300}`",
        )
    return payload


def _challenge_text(node: Node, sink: DiagnosticSink, name: str) -> JsonTemplate:
    text = read_text(node, sink, name)
    if isinstance(text, str) and not is_header_value(text):
        sink.error(
            Code.BAD_HEADER,
            f"{name} goes into a header field, and this cannot stand there",
            node.span,
            help=HEADER_TEXT,
        )
    return text


def _seconds(node: Node, sink: DiagnosticSink) -> JsonTemplate:
    if isinstance(node, ScalarNode) and has_placeholder(node):
        return read_text_template(node, sink)
    return integer_of(node, sink, "`max_age`", minimum=0)
