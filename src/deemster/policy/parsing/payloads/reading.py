"""The payload of a statement, by its code: every mistake that can be seen without its values.

Source: policy-language section 8; shapes: facts/ping.md 3.4. A code that is not known here has a
free payload.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing.payloads.bodies import (
    read_modify_attributes,
    read_paths,
    read_regex_replace,
)
from deemster.policy.parsing.payloads.header_fields import read_modify_headers, read_modify_query
from deemster.policy.parsing.payloads.words import read_auth_challenge, read_denied_reason
from deemster.policy.reading.nodes import Node
from deemster.policy.statements.codes import KnownCode
from deemster.policy.statements.templates import JsonTemplate, read_json_template

__all__ = ["read_payload"]


def read_payload(code: str, node: Node, sink: DiagnosticSink) -> JsonTemplate:
    """The payload. After an error it means nothing."""
    reader = _READERS.get(code)
    return read_json_template(node, sink) if reader is None else reader(node, sink)


_READERS: Mapping[str, Callable[[Node, DiagnosticSink], JsonTemplate]] = {
    KnownCode.DENIED_REASON: read_denied_reason,
    KnownCode.AUTH_CHALLENGE: read_auth_challenge,
    KnownCode.MODIFY_HEADERS: read_modify_headers,
    KnownCode.MODIFY_QUERY: read_modify_query,
    KnownCode.MODIFY_ATTRIBUTES: read_modify_attributes,
    KnownCode.EXCLUDE_ATTRIBUTES: lambda node, sink: read_paths(node, sink, "exclude-attributes"),
    KnownCode.INCLUDE_ATTRIBUTES: lambda node, sink: read_paths(node, sink, "include-attributes"),
    KnownCode.REGEX_REPLACE_ATTRIBUTES: read_regex_replace,
}
