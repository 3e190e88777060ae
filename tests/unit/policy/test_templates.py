"""Path templates as written ► segments."""

import pytest

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Severity
from deemster.policy.routing.templates import (
    Literal,
    Parameter,
    Rank,
    Segment,
    parse_template,
    parse_templates,
    rank_of,
)
from deemster.policy.tree import Text
from tests.support.routes import a_constraint, a_template, a_text

OPEN = Parameter(None, None)


@pytest.mark.parametrize(
    ("text", "segments", "rest"),
    [
        ("/", (Literal(""),), False),
        ("/invoices", (Literal("invoices"),), False),
        ("/invoices/", (Literal("invoices"), Literal("")), False),
        ("/invoices/{id}", (Literal("invoices"), Parameter("id", None)), False),
        ("/*/x", (OPEN, Literal("x")), False),
        ("/**", (), True),
        ("/files/**", (Literal("files"),), True),
        (r"/\{a\}/\*/\**/\\", tuple(map(Literal, ("{a}", "*", "**", "\\"))), False),
        ("/a b/é", (Literal("a b"), Literal("é")), False),
        ("/100%/x", (Literal("100%"), Literal("x")), False),
        ("/...", (Literal("..."),), False),
    ],
)
def test_a_template_is_segments(text: str, segments: tuple[Segment, ...], rest: bool) -> None:
    if text == r"/\{a\}/\*/\**/\\":
        text = text.replace(r"\**", r"\*\*")
    template = a_template(text)
    assert (template.segments, template.rest) == (segments, rest)


@pytest.mark.parametrize(
    ("text", "told", "column", "width"),
    [
        ("invoices", "starts with `/`", 1, 1),
        ("", "starts with `/`", 1, 1),
        ("/a//b", "empty segment", 3, 2),
        ("/a//**", "empty segment", 3, 2),
        ("/a/**/b", "only at the end", 4, 2),
        ("/a/part{name}", "`{` inside a segment", 8, 1),
        ("/a/{name}x", "`{` inside a segment", 4, 1),
        ("/a/{a{b}}", "`{` inside a segment", 4, 1),
        ("/a/b}", "`}` inside a segment", 5, 1),
        ("/a/x*", "`*` inside a segment", 5, 1),
        ("/a/***", "`*` inside a segment", 4, 1),
        ("/a/{}", "`` is not a parameter name", 5, 1),
        ("/a/{1st}", "`1st` is not a parameter name", 5, 3),
        ("/{id}/x/{id}", "`id` occurs twice", 9, 4),
        ("/a/..", "dot segment", 4, 2),
        ("/./a", "dot segment", 2, 1),
        ("/a%2Fb", "written decoded", 3, 3),
        (r"/a\b", "escapes only", 3, 2),
        ("/a\\", "escapes only", 3, 1),
        ("/a\x07", "control characters", 3, 1),
        ("/\ud800", "UTF-8", 2, 1),
    ],
)
def test_a_bad_template_is_pointed_at(text: str, told: str, column: int, width: int) -> None:
    sink = DiagnosticSink()
    written = Text(text, SourceSpan("api.yaml", 7, 11, 7, 11 + len(text)))
    assert parse_template(written, [], sink) is None
    (finding,) = sink.finish()
    assert finding.code is Code.BAD_TEMPLATE
    assert told in finding.message
    start = 10 + column
    assert finding.span == SourceSpan("api.yaml", 7, start, 7, start + width)


@pytest.mark.parametrize("text", ["/" + "a" * 2048, "/a" * 65])
def test_a_template_has_limits(text: str) -> None:
    sink = DiagnosticSink()
    assert parse_template(a_text(text), [], sink) is None
    assert [finding.code for finding in sink.finish()] == [Code.BAD_TEMPLATE]


def test_the_place_allows_for_quotes() -> None:
    sink = DiagnosticSink()
    parse_template(Text("/a//b", SourceSpan("f", 1, 10, 1, 17)), [], sink)
    (finding,) = sink.finish()
    assert (finding.span.column, finding.span.end_column) == (13, 15)


@pytest.mark.parametrize(
    "span", [SourceSpan("f", 1, 10, 1, 40), SourceSpan("f", 1, 10, 2, 3)], ids=["escapes", "lines"]
)
def test_the_whole_scalar_is_shown_where_columns_do_not_run_alike(span: SourceSpan) -> None:
    sink = DiagnosticSink()
    parse_template(Text("/a//b", span), [], sink)
    assert [finding.span for finding in sink.finish()] == [span]


def test_a_question_mark_is_warned_of() -> None:
    sink = DiagnosticSink()
    assert parse_template(a_text("/search?q"), [], sink) is not None
    (finding,) = sink.finish()
    assert finding.severity is Severity.WARNING
    assert finding.help is not None
    assert "request.query" in finding.help


def test_a_constraint_belongs_to_its_parameter() -> None:
    template = a_template("/a/{id}/{other}", {"id": "int"})
    identifier, other = template.segments[1:]
    assert isinstance(identifier, Parameter)
    assert identifier.constraint is not None
    assert identifier.constraint.is_int
    assert other == Parameter("other", None)
    assert template.names == ("id", "other")


def test_a_constraint_for_no_parameter_gets_a_suggestion() -> None:
    sink = DiagnosticSink()
    constraint = a_constraint("invoiceId", "int")
    assert parse_template(a_text("/a/{invoice_id}"), [constraint], sink) is None
    (finding,) = sink.finish()
    assert (finding.code, finding.span) == (Code.UNKNOWN_NAME, constraint.name.span)
    assert finding.help == "did you mean `invoice_id`?"


def test_a_constraint_may_belong_to_one_path_of_several() -> None:
    sink = DiagnosticSink()
    paths = [a_text("/a/{id}"), a_text("/b")]
    templates = parse_templates(paths, [a_constraint("id", "int")], sink)
    assert templates is not None
    assert not sink.finish().items


def test_all_bad_paths_of_an_operation_are_reported() -> None:
    sink = DiagnosticSink()
    paths = [a_text("a"), a_text("/b"), a_text("/c//d")]
    assert parse_templates(paths, [a_constraint("id", "[")], sink) is None
    assert len(sink.finish()) == 3


def test_literal_then_constrained_then_open_then_end_then_rest() -> None:
    template = a_template("/a/{b}/{c}/*", {"b": "int"})
    assert rank_of(template.segments, rest=False) == (0, 1, 2, 2, 3)
    assert rank_of((), rest=True) == (Rank.REST,)
