"""Patterns as RE2 compiles them: what is refused and where, what matches, and what is bounded."""

from __future__ import annotations

import random
import time

import pytest

from deemster.policy.patterns.compiling import (
    LENGTH_LIMIT,
    TEXT_LIMIT,
    WORK_LIMIT,
    Pattern,
    TextTooLongError,
    compile_pattern,
)
from deemster.policy.patterns.problems import MalformedPatternError

# Pattern, what the caret stands under, what is said, how it is mended.
REFUSED = [
    ("ab(c", "(", "`(` is not closed", "close it with `)`; the character itself is `\\(`"),
    ("(a(?P<x>b)(?:c", "(?:", "`(?:` is not closed", None),
    ("[(](", "(", "`(` is not closed", None),
    ("a)b", ")", "no group is open that `)` could close", None),
    ("(a)[)])", ")", "no group is open that `)` could close", None),
    ("ab[c-", "[", "`[` is not closed", "close it with `]`; the character itself is `\\[`"),
    ("ab\\", "\\", "a backslash has nothing after it", "the character itself is `\\\\`"),
    (
        "[**]a**b",
        "**",
        "`**` repeats a repetition",
        "put the inner repetition into a group: `(?:…)`",
    ),
    (
        "a++",
        "++",
        "`++` repeats a repetition",
        "RE2 never tries a repetition again: write it without the last `+`",
    ),
    ("a|*b", "*", "there is nothing before `*` to repeat", "the character itself is `\\*`"),
    ("a{5,2}", "{5,2}", "`{5,2}` ends below where it begins", "write `{2,5}`"),
    (
        "a{2000}",
        "{2000}",
        "`{2000}` repeats too often: at most 1000 times, nested ones multiplied",
        "`{n}` writes its part n times over: write `+`, and compare the length by `size(x)`",
    ),
    (
        "a(?=b)",
        "(?=",
        "`(?=` is a look-ahead, which RE2 does not have",
        "test twice: `x.matches('…') && !x.matches('…')`",
    ),
    ("(?<!a)b", "(?<!", "`(?<!` is a look-behind, which RE2 does not have", None),
    (
        "(?>a)",
        "(?>",
        "`(?>` is an atomic group, which RE2 does not have",
        "RE2 never tries a way twice: write `(?:`",
    ),
    ("(?#x)a", "(?#", "a pattern has no comments", "write them in the YAML around it"),
    ("(?P<x>a)(?P=x)", "(?P", "RE2 has no back-references", None),
    ("(?y)a", "(?y", "`(?y` begins no group that RE2 knows", None),
    ("(a)\\1", "\\1", "`\\1` is a back-reference, which RE2 does not have", None),
    ("a\\Z", "\\Z", "unknown escape `\\Z`", "the end of the text is `\\z`, or `$`"),
    (
        "\\u20ac",
        "\\u",
        "unknown escape `\\u`",
        "write a character by its number as `\\x{20AC}`",
    ),
    (
        "\\y",
        "\\y",
        "unknown escape `\\y`",
        "only signs need a backslash; a backslash itself is `\\\\`",
    ),
    (
        "\\x{110000}",
        "\\x{110000",
        "`\\x{110000` is no character",
        "write two hexadecimal digits, or up to `\\x{10FFFF}`",
    ),
    ("\\p{Foo}", "\\p{Foo}", "`\\p{Foo}` is no class of Unicode that RE2 knows", None),
    (
        "[[:alhpa:]]",
        "[:alhpa:]",
        "`[:alhpa:]` is no class of characters",
        "did you mean `alpha`?",
    ),
    (
        "ä[z-a]",
        "z-a",
        "the range `z-a` runs backwards",
        "write `a-z`; the character `-` itself is `\\-`",
    ),
    ("a\\Cb", "\\C", "`\\C` matches a part of a character", "write `.`"),
    ("\\pL{900}", "\\pL{900}", "the pattern is too large when it is compiled", None),
    ("a\ud800", "\ud800", "it is not text that UTF-8 can carry", None),
]


@pytest.mark.parametrize(("pattern", "marked", "message", "help_text"), REFUSED)
def test_a_refused_pattern_is_told_in_words_and_at_its_place(
    pattern: str, marked: str, message: str, help_text: str | None
) -> None:
    with pytest.raises(MalformedPatternError) as raised:
        compile_pattern(pattern)
    problem = raised.value
    assert (pattern[problem.start : problem.end], problem.message) == (marked, message)
    if help_text is not None:
        assert problem.help == help_text


def test_a_place_is_the_wrong_one_of_two_that_look_alike() -> None:
    with pytest.raises(MalformedPatternError) as raised:
        compile_pattern("[**]a**")
    assert (raised.value.start, raised.value.end) == (5, 7)


def test_a_pattern_of_one_character_too_many_is_refused() -> None:
    assert compile_pattern("a" * LENGTH_LIMIT).text == "a" * LENGTH_LIMIT
    with pytest.raises(MalformedPatternError, match="1025 characters"):
        compile_pattern("a" * (LENGTH_LIMIT + 1))


# As in CEL: code points, a part of the text is enough, `.` is no line feed, `$` is the very end.
MATCHES = [
    ("b", "abc", True),
    ("^b", "abc", False),
    ("^.$", "é", True),
    ("^..$", "é", False),
    ("^.$", "\U0001f600", True),
    ("^[à-ü]$", "é", True),
    ("a.c", "a\nc", False),
    ("(?s)a.c", "a\nc", True),
    ("b$", "ab\n", False),
    ("(?m)^b", "a\nb", True),
    ("(?i)^É$", "é", True),
    ("^\\d$", "٣", False),
    ("^\\w$", "é", False),
    ("^\\pL$", "é", True),
    ("", "", True),
    ("", "a", True),
    ("^$", "", True),
    ("a\x00b", "a\x00b", True),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), MATCHES)
def test_a_pattern_is_found_in_a_text(pattern: str, text: str, expected: bool) -> None:
    assert compile_pattern(pattern).is_found_in(text) is expected


def test_patterns_are_equal_where_they_are_written_alike() -> None:
    assert compile_pattern("a+") == compile_pattern("a+")
    assert compile_pattern("a+") != compile_pattern("aa*")
    assert compile_pattern("a+") != "a+"
    assert {compile_pattern("a+"), compile_pattern("a+")} == {compile_pattern("a+")}
    assert repr(compile_pattern("a+")) == "Pattern('a+')"


def test_a_text_that_is_not_unicode_is_not_looked_at() -> None:
    with pytest.raises(UnicodeEncodeError):
        compile_pattern(".").is_found_in("a\ud800")


def test_a_text_over_the_limit_is_not_looked_at() -> None:
    pattern = compile_pattern("b")
    assert not pattern.is_found_in("a" * TEXT_LIMIT)
    with pytest.raises(TextTooLongError):
        pattern.is_found_in("a" * (TEXT_LIMIT + 1))
    with pytest.raises(TextTooLongError):
        pattern.is_found_in("é" * (TEXT_LIMIT // 2 + 1))


def test_a_large_pattern_takes_shorter_texts() -> None:
    pattern = compile_pattern("^[a-z]{1000}$")
    assert pattern.is_found_in("a" * 1000)
    assert not pattern.is_found_in("a" * 10_000)
    with pytest.raises(TextTooLongError):
        pattern.is_found_in("a" * (WORK_LIMIT // 1000))


# Each makes a backtracking engine try more ways than there are seconds in a year, or makes RE2's
# automaton as large as it gets.
HOSTILE = [
    "^(a+)+$",
    "^(a|a)*$",
    "^(a|aa)+$",
    "(a*)*b",
    "(x+x+)+y",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(.*)(.*)(.*)(.*)(.*)(.*)z",
    "(?:a?){100}a{100}c",
    "(a|b)*a(a|b){100}c",
    "[ab]*a[ab]{900}c",
    "(?:(?:.*a){30}){30}c",
    "(\\pL|\\pN)*a\\pL{20}c",
    "^(?:a?){1000}$",
]


@pytest.mark.slow
@pytest.mark.parametrize("pattern", HOSTILE)
def test_no_pattern_and_no_text_take_more_than_linear_time(pattern: str) -> None:
    compiled = compile_pattern(pattern)
    rng = random.Random(1)
    longest = compiled._longest
    texts = [
        "a" * longest,
        "a" * (longest - 1) + "!",
        "x" * longest,
        "".join(rng.choice("ab") for _ in range(longest)),
    ]
    started = time.process_time()
    for text in texts:
        compiled.is_found_in(text)
    # A backtracking engine would not come back at all: this only says that we are here again.
    assert time.process_time() - started < 60


def test_what_backtracking_never_finishes_is_answered() -> None:
    assert compile_pattern("^(a+)+$").is_found_in("a" * 50_000)
    assert not compile_pattern("^(a+)+$").is_found_in("a" * 50_000 + "!")
    assert isinstance(compile_pattern("(x+x+)+y"), Pattern)
