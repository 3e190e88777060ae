"""Workflow commands: one line for a finding, whatever its texts hold."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, Note, Severity
from deemster.policy.github_annotations import github_annotations


def shown(
    message: str = "wrong",
    span: SourceSpan | None = None,
    *,
    severity: Severity = Severity.ERROR,
    help: str | None = None,
    notes: tuple[Note, ...] = (),
) -> str:
    place = span or SourceSpan("a.yaml", 3, 5, 3, 9)
    found = Diagnostic(Code.UNKNOWN_KEY, severity, message, place, help, notes)
    return github_annotations([found], folder="/home/ci/repo")


def test_finding_has_its_place_title_and_text() -> None:
    note = Note("first written", SourceSpan("b.yaml", 1, 2, 1, 3))
    assert shown(help="remove it", notes=(note,)) == (
        "::error file=a.yaml,line=3,endLine=3,col=5,endColumn=8,title=deemster%3A unknown-key::"
        "wrong%0Afirst written at b.yaml:1:2%0Ahelp: remove it\n"
    )


def test_severities_have_their_commands() -> None:
    assert shown(severity=Severity.WARNING).startswith("::warning ")
    assert shown(severity=Severity.HINT).startswith("::notice ")


def test_columns_belong_to_one_line_and_no_line_to_a_whole_file() -> None:
    block = shown(span=SourceSpan("a.yaml", 3, 5, 7, 9))
    assert "line=3,endLine=7,title" in block
    assert "file=a.yaml,title" in shown(span=SourceSpan("a.yaml", 1, 1, 1, 1))


def test_path_below_the_folder_is_told_relative_to_it() -> None:
    span = SourceSpan("/home/ci/repo/policies/a.yaml", 1, 1, 1, 2)
    assert "file=policies/a.yaml," in shown(span=span)
    assert "file=/home/ci/other/a.yaml," in shown(
        span=SourceSpan("/home/ci/other/a.yaml", 1, 1, 1, 2)
    )


COMMAND = re.compile(r"::(error|warning|notice) ([^:\n]*)::([^\n]*)\n")


@given(st.text(), st.text(min_size=1), st.text())
def test_no_text_breaks_out_of_its_command(message: str, file: str, help_: str) -> None:
    line = shown(message, SourceSpan(file, 2, 1, 2, 1), help=help_)
    found = COMMAND.fullmatch(line)
    assert found is not None
    names = [entry.partition("=")[0] for entry in found[2].split(",")]
    assert names == ["file", "line", "endLine", "col", "endColumn", "title"]
