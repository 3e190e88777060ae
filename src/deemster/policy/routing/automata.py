"""Words that a pattern accepts, and words that two patterns share: evidence, or a proof of none.

A pattern becomes a nondeterministic automaton (Thompson's construction); the product of two is
searched breadth first, so the word found is a shortest one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from deemster.policy.routing.patterns import (
    LAST_CODE_POINT,
    Characters,
    Choice,
    Concatenation,
    Expression,
    Ranges,
    Repetition,
)

__all__ = ["Automaton", "TooLargeError", "common_word", "language", "shortest_word", "words"]

STATE_LIMIT = 2_000
PAIR_LIMIT = 20_000
WORD_LIMIT = 500
_ACCEPTING = 1


class TooLargeError(Exception):
    """Nothing is proved: the search would take too long."""


class Automaton:
    """State 0 starts. Steps and acceptance are asked for after all free moves."""

    __slots__ = ("_accepts", "_closed", "_moves", "_steps")

    def __init__(self, expression: Expression) -> None:
        """Raises TooLargeError over STATE_LIMIT states."""
        self._steps: list[list[tuple[Ranges, int]]] = [[], []]
        self._moves: list[list[int]] = [[], []]
        self._build(expression, 0, _ACCEPTING)
        self._closed: dict[int, list[tuple[Ranges, int]]] = {}
        self._accepts: dict[int, bool] = {}

    def steps(self, state: int) -> list[tuple[Ranges, int]]:
        """(code points, next state) from a state."""
        if state not in self._closed:
            self._close(state)
        return self._closed[state]

    def accepts(self, state: int) -> bool:
        """Whether the text may end here."""
        if state not in self._accepts:
            self._close(state)
        return self._accepts[state]

    def _close(self, state: int) -> None:
        found = {state}
        stack = [state]
        while stack:
            for following in self._moves[stack.pop()]:
                if following not in found:
                    found.add(following)
                    stack.append(following)
        self._closed[state] = [step for each in sorted(found) for step in self._steps[each]]
        self._accepts[state] = _ACCEPTING in found

    def _state(self) -> int:
        if len(self._steps) >= STATE_LIMIT:
            raise TooLargeError
        self._steps.append([])
        self._moves.append([])
        return len(self._steps) - 1

    def _build(self, expression: Expression, start: int, end: int) -> None:
        if isinstance(expression, Characters):
            self._steps[start].append((expression.ranges, end))
        elif isinstance(expression, Choice):
            for part in expression.parts:
                # A state of its own, so that a loop inside one part is not entered by another.
                inner, last = self._state(), self._state()
                self._moves[start].append(inner)
                self._build(part, inner, last)
                self._moves[last].append(end)
        elif isinstance(expression, Concatenation):
            here = start
            for part in expression.parts:
                following = self._state()
                self._build(part, here, following)
                here = following
            self._moves[here].append(end)
        else:
            self._repeat(expression.part, expression.low, expression.high, start, end)

    def _repeat(self, part: Expression, low: int, high: int | None, start: int, end: int) -> None:
        here = self._state()
        self._moves[start].append(here)
        for _ in range(low):
            here = self._once(part, here)
        if high is None:
            self._moves[self._once(part, here)].append(here)
        else:
            for _ in range(high - low):
                self._moves[here].append(end)
                here = self._once(part, here)
        self._moves[here].append(end)

    def _once(self, part: Expression, start: int) -> int:
        following = self._state()
        self._build(part, start, following)
        return following


def common_word(left: Automaton, right: Automaton) -> str | None:
    """A shortest non-empty word of both, or None where there is none.

    Raises TooLargeError over PAIR_LIMIT pairs of states.
    """
    # "" does not count (no parameter holds an empty segment), so the first pair is not looked at.
    seen: set[tuple[int, int]] = set()
    queue: deque[tuple[int, int, str]] = deque([(0, 0, "")])
    while queue:
        a, b, word = queue.popleft()
        for pair, both in _joint_steps(left, right, a, b):
            if pair in seen:
                continue
            seen.add(pair)
            if len(seen) > PAIR_LIMIT:
                raise TooLargeError
            longer = word + _pleasant(both)
            if left.accepts(pair[0]) and right.accepts(pair[1]):
                return longer
            queue.append((*pair, longer))
    return None


def shortest_word(automaton: Automaton) -> str | None:
    """A shortest non-empty word, or None where there is none. Raises TooLargeError."""
    anything = Repetition(Characters(((0, LAST_CODE_POINT),)), 1, None)
    return common_word(automaton, Automaton(anything))


def words(automaton: Automaton) -> Iterator[str]:
    """Some non-empty words, shortest first, from a few characters of each run; WORD_LIMIT looks."""
    queue: deque[tuple[frozenset[int], str]] = deque([(frozenset([0]), "")])
    for _ in range(WORD_LIMIT):
        if not queue:
            return
        states, word = queue.popleft()
        if word and any(automaton.accepts(state) for state in states):
            yield word
        reached: dict[str, set[int]] = {}
        for state in states:
            for ranges, following in automaton.steps(state):
                for character in _samples(ranges):
                    reached.setdefault(character, set()).add(following)
        queue.extend((frozenset(to), word + character) for character, to in reached.items())


def language(expression: Expression, limit: int) -> frozenset[str] | None:
    """Every word, "" included, or None where there may be more than `limit`."""
    if isinstance(expression, Characters):
        if sum(last - first + 1 for first, last in expression.ranges) > limit:
            return None
        return frozenset(
            chr(code) for first, last in expression.ranges for code in range(first, last + 1)
        )
    if isinstance(expression, Choice):
        return _union([language(part, limit) for part in expression.parts], limit)
    if isinstance(expression, Concatenation):
        return _product([language(part, limit) for part in expression.parts], limit)
    if expression.high is None or expression.high > limit:
        return None
    part = language(expression.part, limit)
    times = range(expression.low, expression.high + 1)
    return _union([_product([part] * count, limit) for count in times], limit)


def _union(sets: Sequence[frozenset[str] | None], limit: int) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for each in sets:
        if each is None or len(found) + len(each) > limit:
            return None
        found |= each
    return found


def _product(sets: Sequence[frozenset[str] | None], limit: int) -> frozenset[str] | None:
    found = frozenset([""])
    for each in sets:
        if each is None or len(found) * len(each) > limit:
            return None
        found = frozenset(left + right for left in found for right in each)
    return found


def _joint_steps(
    left: Automaton, right: Automaton, a: int, b: int
) -> Iterator[tuple[tuple[int, int], Ranges]]:
    for a_ranges, a_next in left.steps(a):
        for b_ranges, b_next in right.steps(b):
            both = _intersection(a_ranges, b_ranges)
            if both:
                yield (a_next, b_next), both


def _intersection(left: Ranges, right: Ranges) -> Ranges:
    found = []
    for a_first, a_last in left:
        for b_first, b_last in right:
            first, last = max(a_first, b_first), min(a_last, b_last)
            if first <= last:
                found.append((first, last))
    return tuple(found)


_PLEASANT = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_~"
_SAMPLES = "ax0917Z-"
# What a path may hold at all: no control characters, no surrogates.
_PRINTABLE: Ranges = ((0x20, 0x7E), (0xA0, 0xD7FF), (0xE000, LAST_CODE_POINT))


def _holds(ranges: Ranges, character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


def _pleasant(ranges: Ranges) -> str:
    for character in _PLEASANT:
        if _holds(ranges, character):
            return character
    return chr((_intersection(ranges, _PRINTABLE) or ranges)[0][0])


def _samples(ranges: Ranges) -> Sequence[str]:
    samples = [character for character in _SAMPLES if _holds(ranges, character)]
    return samples or ([_pleasant(ranges)] if ranges else [])
