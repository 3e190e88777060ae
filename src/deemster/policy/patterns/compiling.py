"""Patterns compiled by RE2: matching takes time linear in the text, whatever pattern and text are.

RE2 works on UTF-8 here, so that `.` and classes are code points, as in CEL.
"""

from __future__ import annotations

import re2

from deemster.policy.patterns.pieces import pieces_of
from deemster.policy.patterns.problems import (
    TOO_LARGE,
    TOO_LARGE_HELP,
    MalformedPatternError,
    malformed,
)

__all__ = ["Pattern", "TextTooLongError", "compile_pattern"]

LENGTH_LIMIT = 1024
"""Characters of a pattern."""
PROGRAM_LIMIT = 50_000
"""RE2 instructions of a compiled pattern."""
MEMORY_LIMIT = 8 << 20
"""Octets of one pattern, its program and what RE2 keeps of texts; most get much less."""
TEXT_LIMIT = 65_536
"""UTF-8 octets of a text."""
WORK_LIMIT = 16_000_000
"""Octets times instructions. The dearest patterns known take 10 to 20 ns for each: 0.3 s."""


class TextTooLongError(ValueError):
    """The text is not looked at: nothing is known of it."""


class Pattern:
    """A compiled regular expression. Two are equal where they were written alike."""

    __slots__ = ("_longest", "_search", "text")

    def __init__(self, text: str, program: re2._Regexp) -> None:
        self.text = text
        self._search = program.search
        self._longest = min(TEXT_LIMIT, WORK_LIMIT // max(program.programsize, 1))

    def is_found_in(self, text: str) -> bool:
        """Whether some part of `text` matches, as RE2's partial match.

        Raises TextTooLongError, and UnicodeEncodeError for surrogates that stand alone.
        """
        octets = text.encode()
        if len(octets) > self._longest:
            raise TextTooLongError
        return self._search(octets) is not None

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def compile_pattern(text: str) -> Pattern:
    """Raises MalformedPatternError."""
    _refuse(text)
    # Groups are not remembered, only whether there is a match.
    size = _program(text, MEMORY_LIMIT).programsize
    if size > PROGRAM_LIMIT:
        raise MalformedPatternError(TOO_LARGE, 0, len(text), TOO_LARGE_HELP)
    # Where the memory is used up RE2 forgets and goes on, more slowly.
    return Pattern(text, _program(text, min(MEMORY_LIMIT, _MEMORY_OF_ANY + size * _MEMORY_OF_ONE)))


_MEMORY_OF_ANY = 512 << 10
_MEMORY_OF_ONE = 160
"""Octets of one instruction: the program itself, and room for 20 states of RE2's automaton."""


def _refuse(text: str) -> None:
    if len(text) > LENGTH_LIMIT:
        raise MalformedPatternError(
            f"it has {len(text)} characters, at most {LENGTH_LIMIT} are read", 0, len(text), None
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MalformedPatternError(
            "it is not text that UTF-8 can carry", error.start, error.end, None
        ) from None
    problem = malformed(text, _refusal)
    if problem is not None:
        raise problem
    for piece in pieces_of(text):
        if piece.text == "\\C":
            raise MalformedPatternError(
                "`\\C` matches a part of a character", piece.start, piece.end, "write `.`"
            )


def _refusal(pattern: str) -> str | None:
    try:
        _program(pattern, MEMORY_LIMIT)
    except re2.error as error:
        said = error.args[0] if error.args else b""
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return None


def _program(pattern: str, memory: int) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory
    options.never_capture = True
    return re2.compile(pattern, options)
