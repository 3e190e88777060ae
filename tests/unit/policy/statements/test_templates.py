"""Placeholders in texts of payloads: where they stand, and what is no placeholder."""

from __future__ import annotations

import pytest

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions.dotted import path_of
from deemster.policy.reading.nodes import MappingNode, ScalarNode
from deemster.policy.reading.reader import read_document
from deemster.policy.statements.templates import (
    Placeholder,
    TextTemplate,
    placeholders_of,
    read_json_template,
    read_text_template,
)


def scalar(text: str, sink: DiagnosticSink) -> ScalarNode:
    node = read_document(f'key: "{text}"\n'.encode(), "a.yaml", sink)
    assert isinstance(node, MappingNode)
    found = node.get("key")
    assert isinstance(found, ScalarNode)
    return found


def parts(text: str) -> list[str]:
    """Texts as they are, placeholders in angle brackets."""
    sink = DiagnosticSink()
    template = read_text_template(scalar(text, sink), sink)
    assert not sink.has_errors
    found = template.parts if isinstance(template, TextTemplate) else (template,)
    return [f"<{path_of(part.expr)}>" if isinstance(part, Placeholder) else part for part in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [""]),
        ("plain", ["plain"]),
        ("${claims.sub}", ["<claims.sub>"]),
        ("by ${claims.sub}!", ["by ", "<claims.sub>", "!"]),
        ("${ claims.sub }${params.id}", ["<claims.sub>", "<params.id>"]),
        ("$${claims.sub}", ["${claims.sub}"]),
        ("a$${b}c${params.id}", ["a${b}c", "<params.id>"]),
        ("$$${claims.sub}", ["$${claims.sub}"]),
        ("costs $5, $.x, $", ["costs $5, $.x, $"]),
        ("${request.headers['x']}", ["<request.headers.x>"]),
    ],
)
def test_a_text_is_cut_at_its_placeholders(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "message", "columns"),
    [
        ("a ${claims.sub", "`${` is never closed", (9, 11)),
        ("${}", "`${}` names nothing", (7, 10)),
        ("x${1 + 1}", "`1 + 1` is an expression and not a name", (8, 16)),
        ("${'a'}", "`'a'` is an expression and not a name", (7, 13)),
        ("${a b}", "expected an operator or the end, found `b`", (11, 12)),
    ],
)
def test_what_is_no_placeholder_is_told_at_its_place(
    text: str, message: str, columns: tuple[int, int]
) -> None:
    sink = DiagnosticSink()
    read_text_template(scalar(text, sink), sink)
    (found,) = sink.finish()
    assert found.code == "bad-interpolation"
    assert found.message == message
    assert (found.span.column, found.span.end_column) == columns


def test_keys_are_as_written_and_values_are_json() -> None:
    sink = DiagnosticSink()
    node = read_document(b'{"${a}": ["${b.c}", 1, true, null, {x: "${d}"}]}', "a.yaml", sink)
    assert isinstance(node, MappingNode)
    template = read_json_template(node, sink)
    assert not sink.has_errors
    assert [str(path_of(one.expr)) for one in placeholders_of(template)] == ["b.c", "d"]
    assert isinstance(template, dict)
    (key,) = template
    assert key == "${a}"
    assert template[key][1:4] == [1, True, None]
