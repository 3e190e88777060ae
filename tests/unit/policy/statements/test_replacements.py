"""Regular expressions in bodies: RE2, groups by number, and a bound on what comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.policy.statements.replacements import (
    BadReplacementError,
    ReplacedTooLongError,
    Replacement,
    literal_for_replace,
    quoted_for_replace,
)


@pytest.mark.parametrize(
    ("regex", "replace", "flags", "text", "expected"),
    [
        ("[0-9]+", "*", "", "a1b22", "a*b*"),
        ("([a-z])([0-9])", "$2$1-$0", "", "a1 b2", "1a-a1 2b-b2"),
        ("a", "$$", "", "bab", "b$b"),
        ("a", "$x", "", "a", "$x"),
        ("(a)|b", "<$1>", "", "ab", "<a><>"),
        ("A", "x", "i", "aA", "xx"),
        ("a.c", "x", "l", "abc a.c", "abc x"),
        ("A.", "x", "il", "a. ab", "x ab"),
        ("", "-", "", "aé", "-a-é-"),
        (r"\C", "-", "", "aé", "-é"),
        ("é", "e", "", "caféé", "cafee"),
        ("x", "y", "", "none", "none"),
        ("^a", "b", "", "aa", "ba"),
    ],
)
def test_every_match_is_replaced(
    regex: str, replace: str, flags: str, text: str, expected: str
) -> None:
    assert Replacement(regex, replace, flags).applied(text) == expected


@pytest.mark.parametrize(
    ("regex", "replace", "flags", "message"),
    [
        ("(", "", "", "missing"),
        ("(?=a)", "", "", "invalid perl operator"),
        ("a", "$1", "", "`$1` names a group"),
        ("a", "", "m", "`m` are no flags"),
        ("a" * 1001, "", "", "over 1000 characters"),
    ],
)
def test_what_cannot_be_used_is_refused(regex: str, replace: str, flags: str, message: str) -> None:
    with pytest.raises(BadReplacementError) as refused:
        Replacement(regex, replace, flags)
    assert message in str(refused.value)


def test_a_text_does_not_grow_beyond_bounds() -> None:
    with pytest.raises(ReplacedTooLongError):
        Replacement("a", "x" * 1000).applied("a" * 10_000)


@given(st.text(), st.text(), st.text())
def test_a_value_in_replace_is_never_taken_for_a_group(before: str, value: str, after: str) -> None:
    literal = before.replace("$", "") + "$"
    template = literal_for_replace(literal) + quoted_for_replace(value) + quoted_for_replace(after)
    assert Replacement("(a)", template).applied("a") == literal + value + after
