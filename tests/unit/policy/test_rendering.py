"""Diagnostics as people and machines see them."""

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, Note, Severity
from deemster.policy.rendering import render_text, summary, to_json
from tests.support.scale import scaled


def finding(
    span: tuple[int, int, int, int],
    message: str = "cannot compare `int` with `string`",
    *,
    file: str = "p.yaml",
    severity: Severity = Severity.ERROR,
    help_: str | None = None,
    notes: tuple[Note, ...] = (),
) -> Diagnostic:
    return Diagnostic(Code.TYPE_MISMATCH, severity, message, SourceSpan(file, *span), help_, notes)


def test_the_form_is_that_of_the_language_page() -> None:
    file = "policies/api-services/invoices.yaml"
    source = "\n" * 30 + "      when: \"user.level >= 'three'\"\n"
    found = finding(
        (31, 28, 31, 35),
        file=file,
        notes=(
            Note(
                "declared at … as int 0..9",
                SourceSpan("policies/lib/standard.yaml", 10, 5, 10, 10),
            ),
        ),
    )
    assert render_text([found], {file: source}).splitlines() == [
        "policies/api-services/invoices.yaml:31:28: error[type-mismatch]: "
        "cannot compare `int` with `string`",
        "   31 |       when: \"user.level >= 'three'\"",
        "      |                            ^^^^^^^",
        "   declared at policies/lib/standard.yaml:10:5 as int 0..9",
    ]


def test_a_note_without_a_mark_for_its_place_ends_with_it() -> None:
    note = Note("first written", SourceSpan("a.yaml", 3, 1, 3, 2))
    assert "   first written at a.yaml:3:1\n" in render_text(
        [finding((1, 1, 1, 2), notes=(note,))], {}
    )


def test_help_comes_last() -> None:
    found = finding((1, 1, 1, 2), help_="quote it", notes=(Note("because"),))
    assert render_text([found], {"p.yaml": "x"}).splitlines()[-2:] == [
        "   because",
        "   help: quote it",
    ]


def test_a_finding_about_the_whole_file_has_no_place_in_it() -> None:
    assert render_text([finding((1, 1, 1, 1), "the file is empty")], {"p.yaml": "# x"}) == (
        "p.yaml: error[type-mismatch]: the file is empty\n"
    )


@pytest.mark.parametrize(
    ("line", "span", "shown", "carets"),
    [
        pytest.param("a: bcd", (4, 7), "a: bcd", "   ^^^", id="ascii"),
        pytest.param("\ta: b", (5, 6), "    a: b", "       ^", id="tab before"),
        pytest.param("a: \tb", (4, 5), "a:     b", "   ^^^^", id="tab marked"),
        pytest.param("日本: x", (5, 6), "日本: x", "      ^", id="wide before"),
        pytest.param("a: 日本", (4, 6), "a: 日本", "   ^^^^", id="wide marked"),
        pytest.param("e\u0301: x", (5, 6), "e\u0301: x", "   ^", id="combining"),
        pytest.param("a: x\r", (4, 5), "a: x", "   ^", id="carriage return"),
        pytest.param("a: ", (4, 4), "a:", "   ^", id="nothing marked at the end"),
        pytest.param("a: b", (9, 12), "a: b", "    ^", id="beyond the line"),
        pytest.param("\x1b[2Jx: y", (8, 9), "\\x1b[2Jx: y", "          ^", id="escape sequence"),
        pytest.param("\u202ex: y", (5, 6), "\\u202ex: y", "         ^", id="bidirectional"),
        pytest.param("\udc80: y", (4, 5), "\\udc80: y", "        ^", id="surrogate"),
    ],
)  # fmt: skip
def test_carets_stand_under_what_is_meant(
    line: str, span: tuple[int, int], shown: str, carets: str
) -> None:
    _, source_line, caret_line = render_text(
        [finding((1, span[0], 1, span[1]))], {"p.yaml": line}
    ).splitlines()
    assert source_line == f"    1 | {shown}"
    assert caret_line == f"      | {carets}"


def test_a_span_of_several_lines_is_marked_to_the_end_of_the_first() -> None:
    lines = render_text([finding((1, 4, 3, 2))], {"p.yaml": "a: [b,\n c\n]"}).splitlines()
    assert lines[1:] == ["    1 | a: [b,", "      |    ^^^"]


@pytest.mark.parametrize("column", [1, 50, 100_000, 199_999])
def test_of_a_long_line_only_the_part_around_the_carets_is_shown(column: int) -> None:
    line = "x" * (column - 1) + "Y" + "x" * (200_000 - column)
    _, shown, carets = render_text(
        [finding((1, column, 1, column + 1))], {"p.yaml": line}
    ).splitlines()
    assert len(shown) < 200
    assert shown[carets.index("^")] == "Y"


def test_a_line_that_is_not_known_is_left_out() -> None:
    assert len(render_text([finding((7, 1, 7, 2))], {"p.yaml": "a: 1"}).splitlines()) == 1
    assert len(render_text([finding((1, 1, 1, 2))], {}).splitlines()) == 1


def test_colour_adds_sequences_and_nothing_else() -> None:
    found = [finding((1, 1, 1, 2), help_="h"), finding((1, 2, 1, 3), severity=Severity.WARNING)]
    plain = render_text(found, {"p.yaml": "ab"})
    coloured = render_text(found, {"p.yaml": "ab"}, colour=True)
    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    for sequence in ("\x1b[0m", "\x1b[1m", "\x1b[34m", "\x1b[1;31m", "\x1b[1;33m"):
        coloured = coloured.replace(sequence, "")
    assert coloured == plain


@settings(max_examples=scaled(2_000))
@given(st.text(), st.text(), st.text(), st.integers(1, 9), st.integers(1, 30), st.integers(0, 30))
def test_no_text_steers_the_terminal(
    source: str, message: str, file: str, line: int, column: int, length: int
) -> None:
    found = finding(
        (line, column, line, column + length),
        message,
        file=file,
        help_=source,
        notes=(Note(source, SourceSpan(file, 1, 1, 1, 1)),),
    )
    rendered = render_text([found], {file: source})
    assert len(rendered.splitlines()) <= 5
    steering = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert {unicodedata.category(c) for c in rendered.replace("\n", "")}.isdisjoint(steering)


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], "no errors"),
        ([Severity.ERROR], "1 error"),
        ([Severity.ERROR, Severity.WARNING, Severity.ERROR], "2 errors, 1 warning"),
        ([Severity.HINT, Severity.HINT], "2 hints"),
    ],
)
def test_the_summary_counts_by_severity(severities: list[Severity], expected: str) -> None:
    assert (
        summary([finding((1, 1, 1, 2), severity=severity) for severity in severities]) == expected
    )


def test_json_has_every_place_and_leaves_out_what_does_not_apply() -> None:
    note = Note("first written", SourceSpan("b.yaml", 3, 1, 3, 2))
    found = [finding((1, 2, 3, 4), "x", help_="h", notes=(note, Note("n"))), finding((1, 1, 1, 1))]
    assert json.loads(json.dumps(to_json(found))) == [
        {
            "code": "type-mismatch", "severity": "error", "message": "x", "help": "h",
            "file": "p.yaml", "line": 1, "column": 2, "endLine": 3, "endColumn": 4,
            "notes": [
                {"message": "first written", "file": "b.yaml",
                 "line": 3, "column": 1, "endLine": 3, "endColumn": 2},
                {"message": "n"},
            ],
        },
        {
            "code": "type-mismatch", "severity": "error",
            "message": "cannot compare `int` with `string`",
            "file": "p.yaml", "line": 1, "column": 1, "endLine": 1, "endColumn": 1,
        },
    ]  # fmt: skip
