"""YAML conditions to syntax: one tree for texts and lists, positions in every style."""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions import ast
from deemster.policy.expressions.conditions import parse_condition
from deemster.policy.reading.nodes import ScalarNode, ScalarStyle
from tests.support.conditions import FILE, parsed, span, text_condition


def test_lists_and_operators_make_the_same_nodes() -> None:
    a, b, c = (text_condition(name) for name in "abc")
    listed = tree.ConditionAll(
        (a, tree.ConditionAny((b, tree.ConditionNot(c, span())), span())), span()
    )
    assert parse_condition(listed, DiagnosticSink()) == parsed("a && (b || !c)")


def test_every_text_of_a_list_is_read() -> None:
    sink = DiagnosticSink()
    listed = tree.ConditionAny(
        (text_condition("a ="), text_condition("b"), text_condition("c &", line=2)), span()
    )
    assert parse_condition(listed, sink) is None
    assert [item.message for item in sink.finish()] == ["unexpected `=`", "unexpected `&`"]


def test_a_list_of_nothing_is_no_condition() -> None:
    assert parse_condition(tree.ConditionAll((), span()), DiagnosticSink()) is None


def test_a_block_is_positioned_on_its_lines() -> None:
    place = SourceSpan(FILE, 31, 13, 33, 1)
    block = ScalarNode("a &&\n  b =\n", ScalarStyle.LITERAL, place, 32, 9, True)
    sink = DiagnosticSink()
    assert parse_condition(tree.ConditionText(block), sink) is None
    (item,) = sink.finish()
    assert (item.span.line, item.span.column) == (33, 13)


def test_a_text_with_yaml_escapes_is_positioned_as_a_whole() -> None:
    place = SourceSpan(FILE, 31, 13, 31, 33)
    escaped = ScalarNode("a = 'b'", ScalarStyle.DOUBLE_QUOTED, place, 31, 14, False)
    sink = DiagnosticSink()
    assert parse_condition(tree.ConditionText(escaped), sink) is None
    assert [item.span for item in sink.finish()] == [place]


def test_a_bare_name_is_a_condition() -> None:
    place = SourceSpan(FILE, 31, 13, 31, 29)
    plain = ScalarNode("std.office_hours", ScalarStyle.PLAIN, place, 31, 13, True)
    expr = parse_condition(tree.ConditionText(plain), DiagnosticSink())
    assert expr == parsed("std.office_hours")
    assert isinstance(expr, ast.Member)
    assert expr.span == place
