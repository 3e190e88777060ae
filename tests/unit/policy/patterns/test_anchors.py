"""Which ends of a text a pattern holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.policy.patterns.anchors import Anchoring, anchoring_of
from deemster.policy.patterns.compiling import compile_pattern
from deemster.policy.patterns.pieces import pieces_of
from deemster.policy.patterns.problems import MalformedPatternError
from tests.support.scale import scaled

WHOLE = [
    "^a$", "^$", "\\Aa\\z", "^a\\z", "\\Aa$", "^(a|b)$", "^a$|^b$", "(?:^a|^b)$", "(^a$)", "(^a$)+",
    "(^a$){1,2}", "(?i)^a$", "(?i:^a$)", "(?P<n>^a$)", "(?<n>^a)$", "(?m)\\Aa\\z", "(?-m)^a$",
    "(?m-m)^a$", "\\b^a$\\b", "^[$]$", "^\\$$", "^\\Qa|b\\E$", "^[]|]$", "^[^]]$", "^[[:alpha:]|]$",
    "^\\x{41}$", "^\\pL$", "^(?:a|b)*$", "^a{2}$", "((((^a))))$",
]  # fmt: skip
START = ["^a", "^a|^b", "\\Aa", "^a(b$)?", "^a$*", "^[$]", "^\\$", "^", "^a{2", "(?m:a$)|b"]
END = ["a$", "a$|b$", "a\\z", "(^a)?b$", "^*a$", "^{0}a$", "^{0,2}a$", "[^]a]$", "(a$)", "$"]
NEITHER = ["", "a", "a^$b", "(?m)^a$", "(?m:^)a(?m:$)", "\\^a\\$", "\\Q^a$\\E", "(^a$)?", "(|^a$)"]
PARTED = ["^a|b$", "^a|b", "a|b$", "^a$|b", "^a$|", "a|b|^c$"]


@pytest.mark.parametrize("pattern", WHOLE)
def test_a_pattern_that_holds_both_ends(pattern: str) -> None:
    compile_pattern(pattern)
    assert anchoring_of(pattern) == Anchoring(start=True, end=True, is_parted=False)


@pytest.mark.parametrize("pattern", START[:-1])
def test_a_pattern_that_holds_the_start_alone(pattern: str) -> None:
    compile_pattern(pattern)
    assert anchoring_of(pattern) == Anchoring(start=True, end=False, is_parted=False)


@pytest.mark.parametrize("pattern", END)
def test_a_pattern_that_holds_the_end_alone(pattern: str) -> None:
    compile_pattern(pattern)
    assert anchoring_of(pattern) == Anchoring(start=False, end=True, is_parted=False)


@pytest.mark.parametrize("pattern", [*NEITHER, START[-1]])
def test_a_pattern_that_holds_no_end(pattern: str) -> None:
    compile_pattern(pattern)
    assert anchoring_of(pattern) == Anchoring(start=False, end=False, is_parted=False)


@pytest.mark.parametrize("pattern", PARTED)
def test_an_anchor_of_one_alternative_holds_nothing(pattern: str) -> None:
    compile_pattern(pattern)
    found = anchoring_of(pattern)
    assert found.is_parted
    assert not (found.start and found.end)


def test_a_thousand_groups_one_in_another_are_read() -> None:
    assert anchoring_of("(" * 500 + "^a$" + ")" * 500).start


PARTS = st.sampled_from(
    [
        *("a", "b", "^", "$", "|", "(", ")", "(?:", "(?i)", "(?m)", "\\A", "\\z", "\\b", "[^a]"),
        *("[$]", "*", "+", "?", "{2}", "{0,1}", "*?", "\\.", "\\Qa\\E", ".", "é"),
    ]
)


@given(st.lists(PARTS, max_size=10).map("".join))
@settings(max_examples=scaled(20_000))
def test_an_end_that_is_held_is_held_for_every_text(pattern: str) -> None:
    """The warning may come too often, but where it is silent there is no way around the anchors."""
    if refusal_of(pattern) is not None:
        return
    found = anchoring_of(pattern)
    after, before = compile_pattern(f"(?s:.)(?:{pattern})"), compile_pattern(f"(?:{pattern})(?s:.)")
    for text in ("a", "b", "ab", "aab", "\na", "a\n", "aé", ".a", "c$b^", "\n\n"):
        assert not found.start or not after.is_found_in(text), text
        assert not found.end or not before.is_found_in(text), text


@given(st.text(max_size=20))
@settings(max_examples=scaled(5_000))
def test_the_pieces_of_any_text_are_the_text(text: str) -> None:
    pieces = list(pieces_of(text))
    assert "".join(piece.text for piece in pieces) == text
    assert all(text[piece.start : piece.end] == piece.text for piece in pieces)


@given(st.text("([|)]*+?{}^$\\Qa-Z0:<>PE=!,1", max_size=14))
@settings(max_examples=scaled(20_000))
def test_whatever_re2_refuses_is_told_at_a_place_within_the_pattern(pattern: str) -> None:
    problem = refusal_of(pattern)
    if problem is not None:
        assert 0 <= problem.start < problem.end <= len(pattern)
        assert "RE2 says" not in problem.message


def refusal_of(pattern: str) -> MalformedPatternError | None:
    try:
        compile_pattern(pattern)
    except MalformedPatternError as problem:
        return problem
    return None
