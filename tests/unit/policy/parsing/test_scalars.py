"""Scalars mean what their field says, never what YAML 1.1 guesses."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing.scalars import (
    INT_MAX,
    INT_MIN,
    describe,
    duration_milliseconds,
    flag_of,
    integer_of,
    json_value,
    listed,
    text_of,
)
from deemster.policy.reading.nodes import MappingNode, Node
from deemster.policy.reading.reader import read_document
from tests.support.scale import scaled


def node(text: str) -> Node:
    root = read_document(f"x: {text}".encode(), "a.yaml", DiagnosticSink())
    assert isinstance(root, MappingNode)
    return root.entries[0][1]


@pytest.mark.parametrize(
    "written",
    ["NO", "yes", "on", "10:30", "017", "0x1F", "1_000", "2026-11-22", "~", "null", "true", "1.5"],
)
def test_where_text_is_declared_everything_is_text(written: str) -> None:
    found = text_of(node(written), DiagnosticSink(), "`x`")
    assert found is not None
    assert found.value == written


@pytest.mark.parametrize("written", ["", '""', "[a]", "{a: b}"])
def test_nothing_a_list_and_a_mapping_are_no_text(written: str) -> None:
    sink = DiagnosticSink()
    assert text_of(node(written), sink, "`x`") is None
    assert sink.error_count == 1


@pytest.mark.parametrize(("written", "expected"), [("true", True), ("false", False)])
def test_true_and_false_are_booleans(written: str, expected: bool) -> None:
    assert flag_of(node(written), DiagnosticSink(), "`x`") is expected


@pytest.mark.parametrize(
    "written", ["yes", "no", "on", "off", "True", "TRUE", "y", "1", '"true"', "", "[]"]
)
def test_nothing_else_is_a_boolean(written: str) -> None:
    sink = DiagnosticSink()
    assert flag_of(node(written), sink, "`x`") is None
    assert sink.error_count == 1


@pytest.mark.parametrize("value", [0, 7, -7, INT_MIN, INT_MAX])
def test_integers_have_64_bits(value: int) -> None:
    assert integer_of(node(str(value)), DiagnosticSink(), "`x`") == value


@pytest.mark.parametrize(
    "written",
    [
        "017",
        "0x1F",
        "0o17",
        "1_000",
        "1:30",
        "+1",
        "1.0",
        "1e3",
        '"1"',
        "--1",
        "-a",
        "",
        "٣",
        str(INT_MAX + 1),
        str(INT_MIN - 1),
        "9" * 5000,
        "-" + "9" * 5000,
    ],
)
def test_nothing_else_is_an_integer(written: str) -> None:
    sink = DiagnosticSink()
    assert integer_of(node(written), sink, "`x`") is None
    assert sink.error_count == 1


def test_an_integer_stays_within_its_field() -> None:
    sink = DiagnosticSink()
    assert integer_of(node("9"), sink, "`x`", minimum=0, maximum=9) == 9
    assert integer_of(node("10"), sink, "`x`", minimum=0, maximum=9) is None
    assert sink.error_count == 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [("150ms", 150), ("300s", 300_000), ("5m", 300_000), ("1h", 3_600_000), ("0s", 0),
     ('"30s"', 30_000)],
)  # fmt: skip
def test_durations_have_a_unit(written: str, expected: int) -> None:
    assert duration_milliseconds(node(written), DiagnosticSink(), "`x`") == expected


@pytest.mark.parametrize(
    "written",
    ["300", "5 m", "1.5h", "-1s", "05m", "1d", "1h30m", "s", "", "[]", "9" * 20 + "s", "٣s"],
)
def test_nothing_else_is_a_duration(written: str) -> None:
    sink = DiagnosticSink()
    assert duration_milliseconds(node(written), sink, "`x`") is None
    assert sink.error_count == 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("true", True), ("null", None), ("", None), ("12", 12), ("-0.5", -0.5), ("1e3", 1000.0),
        ("NO", "NO"), ("017", "017"), ("10:30", "10:30"), ("~", "~"), (".nan", ".nan"),
        ("True", "True"), ('"12"', "12"), ("'true'", "true"), ("1_000", "1_000"), ("+1", "+1"),
        ("{a: [1, x, {b: null}]}", {"a": [1, "x", {"b": None}]}),
    ],
)  # fmt: skip
def test_free_json_has_jsons_own_scalars(written: str, expected: object) -> None:
    sink = DiagnosticSink()
    found = json_value(node(written), sink)
    assert (found, type(found)) == (expected, type(expected))
    assert not sink.has_errors


@pytest.mark.parametrize("written", ["1e400", "9" * 1000, "-" + "9" * 1000])
def test_a_number_too_large_for_json_is_an_error(written: str) -> None:
    sink = DiagnosticSink()
    assert json_value(node(written), sink) is None
    assert sink.error_count == 1


# Characters that may stand in a policy file as they are, and those that JSON escapes.
TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cn", "Cs", "Zl", "Zp"])
    | st.sampled_from('\n\r\t\x00\x1f"\\/#&*!')
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)


@settings(max_examples=scaled(3_000))
@given(JSON)
def test_json_is_read_as_json(value: object) -> None:
    sink = DiagnosticSink()
    text = json.dumps({"x": value}, ensure_ascii=False)
    root = read_document(text.encode(), "a.yaml", sink)
    assert isinstance(root, MappingNode)
    assert same(json_value(root.entries[0][1], sink), value)
    assert not sink.has_errors


def same(one: object, other: object) -> bool:
    """Equal in value and type at every depth (in Python `1 == True == 1.0`)."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("abc", "`abc`"), ('"abc"', "the text `abc`"), ("[a]", "a list"), ("{}", "a mapping"),
     ("", "nothing"), ("x" * 100, f"`{'x' * 60}…`")],
)  # fmt: skip
def test_messages_say_what_was_found(written: str, expected: str) -> None:
    assert describe(node(written)) == expected


@pytest.mark.parametrize(
    ("names", "expected"), [([], ""), (["a"], "`a`"), (["a", "b"], "`a` or `b`"),
                            (["a", "b", "c"], "`a`, `b` or `c`")],
)  # fmt: skip
def test_names_are_listed_as_people_write_them(names: list[str], expected: str) -> None:
    assert listed(names) == expected
