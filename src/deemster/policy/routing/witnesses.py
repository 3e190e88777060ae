"""Concrete segments as evidence: one that fits two templates at a position, or a proof of none."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from itertools import islice

from deemster.model.urls import PathFeature, encode_segment
from deemster.policy.routing.ascii_case import ascii_lower
from deemster.policy.routing.automata import (
    Automaton,
    TooLargeError,
    common_word,
    language,
    shortest_word,
    words,
)
from deemster.policy.routing.constraints import Constraint
from deemster.policy.routing.patterns import Expression, read_pattern
from deemster.policy.routing.templates import Literal, Segment, Template

__all__ = ["Doubt", "SegmentWitnesses", "path_of"]


class Doubt(Enum):
    """Neither a common segment was found nor its absence proved."""

    UNPROVED = "unproved"


_TYPE_PATTERNS = {
    "int": "0|[1-9][0-9]{0,18}",
    "uuid": "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
}
# For patterns that `patterns` does not read.
_GUESSES = (
    *("1", "12", "123", "1234", "12345678", "a", "ab", "abc", "A", "AB", "ABC", "a1", "A1", "a-1"),
    *("x_1", "v1", "en", "en-US", "DE", "2026-11-22", "11", "0", "00", "é", "a.b", "a@b.c"),
    "0c9a6d0e-5f0e-4a8e-9d5c-2f1b7a3c4d5e",
)
# Segments that resemble no literal and fit as few patterns as may be; the plainest first.
_FRESH = ("x", "x9", "9x-", "~x", "~", "~x~9_-", "~é~")
_TRIES = 12
_ENUMERATED = 64
_EXAMPLES = 4
# Beyond these, an example may fit other constraints too: it is still an example.
_RIVALS = 32


def path_of(segments: Iterable[str]) -> str:
    """The canonical path of decoded segments."""
    return "".join([f"/{encode_segment(segment)}" for segment in segments]) or "/"


class SegmentWitnesses:
    """Witnesses for the templates of one service.

    `opened` is all that the service or one of its operations opened: a segment may hold it.
    """

    def __init__(
        self,
        templates: Iterable[Template],
        *,
        fold_case: bool,
        opened: frozenset[PathFeature] = frozenset(),
    ) -> None:
        self._fold_case = fold_case
        self._odd = _odd_segments(opened)
        self._automata: dict[Constraint, Automaton | None] = {}
        self._by_constraint: dict[Constraint, tuple[str, ...]] = {}
        self._enumerated: dict[Constraint, frozenset[str] | None] = {}
        self._shared: dict[tuple[Constraint, Constraint], str | Doubt | None] = {}
        literals: set[str] = set()
        for template in templates:
            for segment in template.segments:
                if isinstance(segment, Literal):
                    literals.add(self._folded(segment.text))
                elif segment.constraint is not None:
                    self._automata[segment.constraint] = None
        self._literals = literals
        for constraint in self._automata:
            self._automata[constraint] = _automaton(constraint)
        self.fresh = self._fresh_segment()
        # Where only those constraints fit it that fit everything, what routes the fresh segment
        # routes every segment that is no literal and fits no constraint.
        self.fresh_stands_for_all = all(
            fits_everything(constraint, opened)
            for constraint in self._automata
            if constraint.accepts(self.fresh)
        )

    def shared(self, left: Segment, right: Segment) -> str | Doubt | None:
        """A segment that fits both; None where there is proof that none does."""
        if isinstance(left, Literal):
            return self._fitting(left.text, right)
        if isinstance(right, Literal):
            return self._fitting(right.text, left)
        if left.constraint is None or right.constraint is None:
            return self.example(left.constraint or right.constraint)
        if left.constraint == right.constraint:
            return self.example(left.constraint)
        return self._shared_word(left.constraint, right.constraint)

    def alternatives(self, left: Segment, right: Segment) -> tuple[str, ...]:
        """Some segments that fit both: those first that fit little else of the service."""
        if not isinstance(left, Literal) and not isinstance(right, Literal):
            both = [each for each in (left.constraint, right.constraint) if each is not None]
            if not both:
                return (self.fresh, *self._odd)
            if len(both) == 1 or both[0] == both[1]:
                return self._examples(both[0])
        shared = self.shared(left, right)
        return (shared,) if isinstance(shared, str) else ()

    def example(self, constraint: Constraint | None) -> str | Doubt:
        """A segment that fits one constraint, and as little else as may be."""
        if constraint is None:
            return self.fresh
        examples = self._examples(constraint)
        return examples[0] if examples else Doubt.UNPROVED

    def enumerated(self, constraint: Constraint) -> frozenset[str] | None:
        """Every segment that fits, where those are few; None where they are many or not known."""
        if constraint not in self._enumerated:
            expression = _expression(constraint)
            found = None if expression is None else language(expression, _ENUMERATED)
            self._enumerated[constraint] = None if found is None else found - {""}
        return self._enumerated[constraint]

    def _examples(self, constraint: Constraint) -> tuple[str, ...]:
        if constraint not in self._by_constraint:
            few = self.enumerated(constraint)
            words_ = self._candidates(constraint) if few is None else sorted(few)
            fitting = [word for word in words_ if constraint.accepts(word)]
            self._by_constraint[constraint] = tuple(sorted(fitting, key=self._taken)[:_EXAMPLES])
        return self._by_constraint[constraint]

    def _fitting(self, text: str, other: Segment) -> str | None:
        if isinstance(other, Literal):
            return text if self._folded(text) == self._folded(other.text) else None
        if not text:
            return None
        if other.constraint is None:
            return text
        spellings = {text, ascii_lower(text), text.upper()} if self._fold_case else {text}
        fitting = [
            each
            for each in sorted(spellings)
            if self._folded(each) == self._folded(text) and other.constraint.accepts(each)
        ]
        return fitting[0] if fitting else None

    def _shared_word(self, left: Constraint, right: Constraint) -> str | Doubt | None:
        ours, theirs = self.enumerated(left), self.enumerated(right)
        if ours is not None and theirs is not None:
            return min(ours & theirs, default=None)
        key = (left, right)
        if key not in self._shared:
            self._shared[key] = self._search_shared(left, right)
        return self._shared[key]

    def _search_shared(self, left: Constraint, right: Constraint) -> str | Doubt | None:
        first, second = self._automata.get(left), self._automata.get(right)
        if first is not None and second is not None:
            try:
                word = common_word(first, second)
            except TooLargeError:
                word = ""
            if word is None:
                return None
            if word and left.accepts(word) and right.accepts(word):
                return word
        for word in (*self._candidates(left), *self._candidates(right)):
            if left.accepts(word) and right.accepts(word):
                return word
        return Doubt.UNPROVED

    def _candidates(self, constraint: Constraint) -> list[str]:
        automaton = self._automata.get(constraint)
        if automaton is None:
            return list(_GUESSES)
        try:
            shortest = shortest_word(automaton)
        except TooLargeError:
            shortest = None
        found = list(islice(words(automaton), _TRIES))
        return found if shortest is None else [shortest, *found]

    def _fresh_segment(self) -> str:
        numbered = [f"~x{number}" for number in range(len(self._literals) + 1)]
        unused = [word for word in (*_FRESH, *numbered) if self._folded(word) not in self._literals]
        for word in unused:
            if not any(constraint.accepts(word) for constraint in self._automata):
                return word
        return unused[0]

    def _taken(self, word: str) -> tuple[bool, int]:
        rivals = islice(self._automata, _RIVALS)
        fits = sum(1 for rival in rivals if rival.accepts(word))
        return (self._folded(word) in self._literals, fits)

    def _folded(self, text: str) -> str:
        return ascii_lower(text) if self._fold_case else text


def fits_everything(constraint: Constraint, opened: frozenset[PathFeature] = frozenset()) -> bool:
    """Whether the constraint is a way of writing none, where a segment may hold what is opened."""
    if constraint.pattern in {"[^/]*", "[^/]+"}:
        return PathFeature.ENCODED_SLASH not in opened
    return constraint.pattern in {".*", ".+", "^.*$", "^.+$"}


_ODD = {
    PathFeature.ENCODED_SLASH: "/~",
    PathFeature.SEMICOLON: ";~",
    PathFeature.DOUBLE_ENCODING: "%41~",
}


def _odd_segments(opened: frozenset[PathFeature]) -> tuple[str, ...]:
    """A segment with all that is opened: one that patterns without it in mind let slip."""
    parts = [text for feature, text in _ODD.items() if feature in opened]
    return (f"x{''.join(parts)}",) if parts else ()


def _automaton(constraint: Constraint) -> Automaton | None:
    expression = _expression(constraint)
    try:
        return None if expression is None else Automaton(expression)
    except TooLargeError:
        return None


def _expression(constraint: Constraint) -> Expression | None:
    pattern = _TYPE_PATTERNS.get(constraint.type or "", constraint.pattern)
    return None if pattern is None else read_pattern(pattern)
