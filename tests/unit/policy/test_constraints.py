"""What a path parameter may hold."""

import pytest

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.routing.constraints import Constraint, compile_constraints
from deemster.policy.tree import ParameterConstraint
from tests.support.routes import a_constraint, a_text


def compiled(written: str) -> Constraint:
    sink = DiagnosticSink()
    found = compile_constraints([a_constraint("id", written)], sink)
    assert not sink.finish().items
    return found["id"]


@pytest.mark.parametrize(
    ("written", "segment", "fits"),
    [
        pytest.param("int", "0", True, id="zero"),
        pytest.param("int", "42", True, id="an int"),
        pytest.param("int", "9223372036854775807", True, id="the highest of 64 bits"),
        pytest.param("int", "9223372036854775808", False, id="one more"),
        pytest.param("int", "10000000000000000000", False, id="twenty digits"),
        pytest.param("int", "007", False, id="leading zeros"),
        pytest.param("int", "-1", False, id="a sign"),
        pytest.param("int", "+1", False, id="a plus"),
        pytest.param("int", "1_000", False, id="python's underscore"),
        pytest.param("int", "٣", False, id="a digit outside ascii"),
        pytest.param("int", "1\n", False, id="a line feed at the end"),
        pytest.param("uuid", "0C9a6d0e-5f0e-4a8e-9d5c-2f1b7a3c4d5e", True, id="a uuid"),
        pytest.param("uuid", "0c9a6d0e5f0e4a8e9d5c2f1b7a3c4d5e", False, id="without hyphens"),
        pytest.param("uuid", "{0c9a6d0e-5f0e-4a8e-9d5c-2f1b7a3c4d5e}", False, id="braces"),
        pytest.param("[0-9]{1,3}", "123", True, id="a pattern"),
        pytest.param("[0-9]{1,3}", "1234", False, id="the whole segment must match"),
        pytest.param("a|bc", "abc", False, id="alternatives are whole"),
        pytest.param("a|bc", "bc", True, id="the second alternative"),
        pytest.param("^a$", "a", True, id="anchors are no harm"),
        pytest.param("^a$", "a\n", False, id="an end is an end"),
        pytest.param("é+", "éé", True, id="characters, not octets"),
        pytest.param(".", "é", True, id="a dot is a character"),
        pytest.param(r"\d", "٣", False, id="RE2 digits are ascii"),
    ],
)
def test_the_whole_segment_must_fit(written: str, segment: str, fits: bool) -> None:
    assert bool(compiled(written).accepts(segment)) is fits


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("[", "`[` is not closed"),
        ("(?=a)b", "(?="),
        (r"(a)\1", r"\1"),
        ("a{2000}", "repeats too often"),
        (r"\pL{900}", "too large"),
        ("a" * 1025, "at most 1024 are read"),
    ],
)
def test_a_pattern_that_re2_or_we_refuse_is_told(pattern: str, told: str) -> None:
    sink = DiagnosticSink()
    constraint = a_constraint("id", pattern)
    assert not compile_constraints([constraint], sink)
    (finding,) = sink.finish()
    assert constraint.pattern is not None
    assert (finding.code, finding.span) == (Code.BAD_PATTERN, constraint.pattern.span)
    assert told in finding.message
    assert len(finding.message) < 400


def test_the_largest_program_still_matches() -> None:
    # The matcher has no fall-back when its memory is out, so the limit must leave enough of it.
    accepts = compiled(r"(?:.?\pL?){40}").accepts
    assert accepts("é1" * 20)
    assert not accepts("é1" * 60)


def test_a_type_nobody_knows_gets_a_suggestion() -> None:
    sink = DiagnosticSink()
    entry = ParameterConstraint(a_text("id"), None, "uid", a_text("id").span)
    assert not compile_constraints([entry], sink)
    (finding,) = sink.finish()
    assert (finding.code, finding.help) == (Code.BAD_VALUE, "did you mean `uuid`?")


def test_a_type_and_a_pattern_together_are_refused() -> None:
    sink = DiagnosticSink()
    entry = ParameterConstraint(a_text("id"), a_text("[0-9]+"), "int", a_text("id").span)
    assert not compile_constraints([entry], sink)
    assert [finding.code for finding in sink.finish()] == [Code.BAD_VALUE]


# A backtracking engine tries more ways through these than there are seconds in a year.
@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a|a)*", "(a|aa)+", "(a*)*", "(.*)(.*)(.*)(.*)(.*)(.*)a", "(?:a?){50}a{50}a*"],
)
def test_a_hostile_pattern_answers_on_a_hostile_segment(pattern: str) -> None:
    accepts = compiled(pattern).accepts
    assert accepts("a" * 8_000)
    assert not accepts("a" * 8_000 + "!")
