"""Read a parameter pattern as a plain regular expression, to reason about what it fits.

RE2 matches; this reading only proves (`automata.py`). It knows the part of RE2's syntax that
people write in path parameters and says so (None) where it meets anything else.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Characters", "Choice", "Concatenation", "Expression", "Ranges", "Repetition"]
__all__ += ["read_pattern"]

Ranges = tuple[tuple[int, int], ...]
"""Code points as sorted, separate, inclusive runs."""

LAST_CODE_POINT = 0x10FFFF
_NEST_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Characters:
    """One character out of these."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Concatenation:
    """One part after the other; none: the empty text."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of the parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """`part` from `low` to `high` times; `high` None means without end."""

    part: Expression
    low: int
    high: int | None


Expression = Characters | Concatenation | Choice | Repetition


def read_pattern(pattern: str) -> Expression | None:
    """What a pattern says that must match a whole segment, or None if it is not read here.

    `pattern` has passed RE2, so its syntax is right.
    """
    reader = _Reader(pattern)
    try:
        expression = reader.choice()
        return expression if reader.at_end else None
    except _Unread:
        return None


class _Unread(Exception):  # noqa: N818  (an answer, not an error)
    """A construct outside this reading."""


def _merged(ranges: list[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def _complement(ranges: Ranges) -> Ranges:
    found = []
    following = 0
    for first, last in ranges:
        if first > following:
            found.append((following, first - 1))
        following = last + 1
    if following <= LAST_CODE_POINT:
        found.append((following, LAST_CODE_POINT))
    return tuple(found)


# RE2's Perl classes are ASCII; its dot leaves out the line feed.
_DIGITS: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_NOT_LINE_FEED = _complement(((0x0A, 0x0A),))
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_SIGNS = {"n": 0x0A, "t": 0x09, "r": 0x0D, "f": 0x0C, "v": 0x0B, "a": 0x07}
_SIMPLE_BOUNDS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class _Reader:
    """Recursive descent over the pattern's characters."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._depth = 0

    @property
    def at_end(self) -> bool:
        return self._position == len(self._pattern)

    def choice(self) -> Expression:
        self._depth += 1
        if self._depth > _NEST_LIMIT:
            raise _Unread
        parts = [self._concatenation()]
        while self._take("|"):
            parts.append(self._concatenation())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _concatenation(self) -> Expression:
        parts: list[Expression] = []
        # At the ends of the whole pattern an anchor says what a whole match says anyway.
        if self._depth == 1:
            self._take("^")
        while not self.at_end and self._peek() not in "|)":
            if self._depth == 1 and self._pattern[self._position :][:2] in {"$", "$|"}:
                self._position += 1
                break
            parts.append(self._repetition())
        return Concatenation(tuple(parts))

    def _repetition(self) -> Expression:
        part = self._atom()
        bounds = self._bounds()
        while bounds is not None:
            self._take("?")  # lazy or not makes no difference to a whole match
            part = Repetition(part, *bounds)
            bounds = self._bounds()
        return part

    def _bounds(self) -> tuple[int, int | None] | None:
        simple = _SIMPLE_BOUNDS.get(self._peek())
        if simple is not None:
            self._position += 1
            return simple
        if self._peek() != "{":
            return None
        close = self._pattern.find("}", self._position)
        low, comma, high = self._pattern[self._position + 1 : close].partition(",")
        if close < 0 or not low.isdecimal() or (high and not high.isdecimal()):
            return None  # RE2 takes such a brace for itself
        self._position = close + 1
        if not comma:
            return int(low), int(low)
        return int(low), int(high) if high else None

    def _atom(self) -> Expression:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return Characters(self._bracketed())
        if character == ".":
            return Characters(_NOT_LINE_FEED)
        if character == "\\":
            return Characters(self._escape())
        if character in "^$*+?":
            raise _Unread
        return Characters(((ord(character), ord(character)),))

    def _group(self) -> Expression:
        if self._take("?:"):
            pass
        elif self._take("?P<") or self._take("?<"):
            while self._next() != ">":
                pass
        elif self._peek() == "?":
            raise _Unread  # flags
        inner = self.choice()
        if not self._take(")"):
            raise _Unread
        return inner

    def _escape(self) -> Ranges:
        letter = self._next()
        if letter.lower() in _CLASSES:
            ranges = _CLASSES[letter.lower()]
            return ranges if letter.islower() else _complement(ranges)
        if letter in _SIGNS:
            return ((_SIGNS[letter], _SIGNS[letter]),)
        if letter.isascii() and not letter.isalnum():
            return ((ord(letter), ord(letter)),)
        raise _Unread

    def _bracketed(self) -> Ranges:
        negated = self._take("^")
        found: list[tuple[int, int]] = []
        first = True
        while first or self._peek() != "]":
            first = False
            found.extend(self._class_item())
        self._position += 1
        merged = _merged(found)
        return _complement(merged) if negated else merged

    def _class_item(self) -> Ranges:
        if self._pattern.startswith("[:", self._position):
            raise _Unread  # a POSIX class
        low = self._class_character()
        if self._pattern[self._position : self._position + 1] != "-":
            return low
        if self._pattern[self._position + 1 : self._position + 2] in {"]", ""}:
            return low
        self._position += 1
        high = self._class_character()
        if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
            raise _Unread
        return ((low[0][0], high[0][0]),)

    def _class_character(self) -> Ranges:
        character = self._next()
        if character == "\\":
            return self._escape()
        return ((ord(character), ord(character)),)

    def _peek(self) -> str:
        return self._pattern[self._position : self._position + 1]

    def _next(self) -> str:
        character = self._peek()
        if not character:
            raise _Unread
        self._position += 1
        return character

    def _take(self, text: str) -> bool:
        if self._pattern.startswith(text, self._position):
            self._position += len(text)
            return True
        return False
