"""Collecting findings, and guessing what somebody meant."""

import pytest

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean

HERE = SourceSpan("b.yaml", 2, 1, 2, 4)


def test_findings_come_by_file_and_place_each_once() -> None:
    sink = DiagnosticSink()
    sink.error(Code.BAD_ID, "second", HERE)
    sink.error(Code.BAD_ID, "second", HERE)
    sink.warning(Code.METHOD_HINT, "third", SourceSpan("b.yaml", 10, 1, 10, 4))
    sink.error(Code.BAD_ID, "first", SourceSpan("a.yaml", 99, 1, 99, 4))
    assert [item.message for item in sink.finish()] == ["first", "second", "third"]


def test_only_errors_stop_a_tree() -> None:
    sink = DiagnosticSink()
    sink.warning(Code.METHOD_HINT, "a warning", HERE)
    assert not sink.has_errors
    assert sink.error_count == 0
    sink.error(Code.BAD_ID, "an error", HERE)
    assert sink.has_errors
    assert sink.error_count == 1
    assert [item.message for item in sink.finish().errors] == ["an error"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("scope", "did you mean `scopes`?"),
        ("SCOPES", "did you mean `scopes`?"),
        ("permisions", "did you mean `permissions`?"),
        ("wehn", "did you mean `when`?"),
        ("colour", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_a_near_name_is_suggested_and_a_far_one_is_not(name: str, expected: str | None) -> None:
    assert did_you_mean(name, ["scopes", "groups", "permissions", "when"]) == expected
