"""What is proved of patterns: words, common words, whole languages."""

import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from deemster.policy.routing.automata import (
    Automaton,
    TooLargeError,
    common_word,
    language,
    shortest_word,
    words,
)
from deemster.policy.routing.patterns import Expression, read_pattern


def read(pattern: str) -> Expression:
    expression = read_pattern(pattern)
    assert expression is not None
    return expression


def automaton(pattern: str) -> Automaton:
    return Automaton(read(pattern))


@pytest.mark.parametrize(
    ("left", "right", "length"),
    [
        ("[0-9]+", "[0-9a-f]{3,}", 3),
        ("a|bc", "bc|d", 2),
        ("(ab)*", "a(ba)*b", 2),
        ("[^/]+", r"\d{2}-\w+", 4),
        ("x?y?", "y?x?", 1),
        (".{3}", "[^a]{1,3}", 3),
        ("(?:a|b){2,3}c", "(?P<x>[ab]+)c", 3),
        (r"^v\d+$", r"v[^0]", 2),
        (r"[\w-]+", r"[A-Z]{2}-[A-Z]{2}", 5),
        (r"[]-]+", r"\]|-", 1),
    ],
)
def test_a_common_word_is_a_shortest_one_of_both(left: str, right: str, length: int) -> None:
    word = common_word(automaton(left), automaton(right))
    assert word is not None
    assert len(word) == length
    assert re2.fullmatch(left, word)
    assert re2.fullmatch(right, word)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("[0-9]{4}", "[0-9]{8}"),
        ("[0-9]+", "[a-z]+"),
        ("x*", "y*"),
        ("a|bc", "b|ac"),
        ("(aa)+", "a(aa)*"),
        (r"\d+", r"\D+"),
        (r"\w", r"\W"),
        ("A+", "a+"),
        ("[^a-z]+", "[a-z]+"),
        ("v1", "v2"),
    ],
)
def test_patterns_without_a_common_word_are_proved_apart(left: str, right: str) -> None:
    assert common_word(automaton(left), automaton(right)) is None


@pytest.mark.parametrize(
    "pattern", ["(?i)a", r"\pL+", "[[:alpha:]]", r"a\b", "a^b", "(a$)b", r"\x41", r"\Qa\E"]
)
def test_what_is_not_read_is_not_guessed(pattern: str) -> None:
    assert read_pattern(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a|bc", {"a", "bc"}),
        ("(?:de|en)(?:-AT)?", {"de", "en", "de-AT", "en-AT"}),
        ("[0-2]", {"0", "1", "2"}),
        ("a{2,3}", {"aa", "aaa"}),
        ("a?", {"", "a"}),
        ("", {""}),
        ("a*", None),
        ("[0-9]{3}", None),
    ],
)
def test_a_small_language_is_written_out(pattern: str, expected: set[str] | None) -> None:
    found = language(read(pattern), 64)
    assert found == (None if expected is None else frozenset(expected))


def test_a_pattern_of_the_empty_text_has_no_word() -> None:
    assert shortest_word(automaton("")) is None
    assert shortest_word(automaton("a*")) == "a"


def test_a_pattern_with_too_many_states_is_left_alone() -> None:
    with pytest.raises(TooLargeError):
        automaton("(?:abc){1,999}")


PATTERNS = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", "1", "[a-c1]", r"\-", "[^ab1]"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda both: f"(?:{both[0]}|{both[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"])).map(
            lambda both: f"(?:{both[0]}){both[1]}"
        ),
    ),
    max_leaves=6,
)
TEXTS = st.text(alphabet="ab1-c", min_size=1, max_size=6)


@given(PATTERNS, TEXTS)
def test_our_reading_of_a_pattern_is_the_matchers(pattern: str, text: str) -> None:
    literal = automaton(re.escape(text).replace(r"\-", "-"))
    found = common_word(automaton(pattern), literal)
    assert (found == text) is bool(re2.fullmatch(pattern, text))
    assert found in {text, None}


@given(PATTERNS, PATTERNS, TEXTS)
def test_a_proof_of_no_common_word_has_no_counterexample(left: str, right: str, text: str) -> None:
    word = common_word(automaton(left), automaton(right))
    if word is None:
        assert not (re2.fullmatch(left, text) and re2.fullmatch(right, text))
    else:
        assert re2.fullmatch(left, word)
        assert re2.fullmatch(right, word)


@given(PATTERNS)
def test_words_and_languages_are_those_of_the_pattern(pattern: str) -> None:
    listed = language(read(pattern), 20)
    for word in words(automaton(pattern)):
        assert re2.fullmatch(pattern, word)
        assert listed is None or word in listed
    for word in listed or ():
        assert re2.fullmatch(pattern, word)
