"""Examples and defaults of the model, which are YAML text, as JSON values."""

from __future__ import annotations

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing.scalars import json_value
from deemster.policy.reading.reader import read_document

__all__ = ["json_of"]


def json_of(text: str) -> object:
    """YAML text by the loader's rules for free JSON; what is no YAML is text."""
    sink = DiagnosticSink()
    node = read_document(text.encode(), "an example", sink)
    return text if node is None else json_value(node, sink)
