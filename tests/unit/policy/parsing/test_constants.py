"""`constants:` use JSON's scalars."""

import pytest

from tests.support.policy_texts import LIBRARY, findings, library


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("NO", "NO"), ("10:30", "10:30"), ("017", "017"), ("2026-11-22", "2026-11-22"), ("~", "~"),
        ("5", 5), ('"5"', "5"), ("-5", -5), ("true", True), ('"true"', "true"), ('""', ""),
        ("[a, NO, 017]", ("a", "NO", "017")), ("[1, 2]", (1, 2)), ("|\n    text\n", "text\n"),
    ],
)  # fmt: skip
def test_a_constant_is_what_json_would_read(written: str, expected: object) -> None:
    (found,) = library(f"constants:\n  X: {written}\n").declarations.constants
    assert (found.value, type(found.value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("1.5", "wrong-type"), ("1e3", "wrong-type"), ("null", "wrong-type"), ("", "wrong-type"),
        ("{a: 1}", "wrong-type"), ("9223372036854775808", "wrong-type"),
        ("[]", "empty-list"), ("[true]", "wrong-type"), ("[a, 1]", "wrong-type"),
        ("[1, a]", "wrong-type"), ("[[a]]", "wrong-type"), ("[null]", "wrong-type"),
        ("[1.5]", "wrong-type"), (f"[{'a, ' * 10_001}]", "bad-value"),
    ],
)  # fmt: skip
def test_a_constant_without_a_type_is_refused(written: str, code: str) -> None:
    found = findings(f"{LIBRARY}constants:\n  X: {written}\n")
    assert [item.split(":")[0] for item in found] == [code]


def test_a_list_may_have_ten_thousand_items() -> None:
    assert findings(f"{LIBRARY}constants:\n  X: [{'a, ' * 10_000}]\n") == []
