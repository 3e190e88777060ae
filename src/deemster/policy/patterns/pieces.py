"""A regular expression cut into its pieces: what opens, closes, repeats, anchors, and the rest.

It follows RE2's syntax and proves nothing: RE2 alone says whether a pattern is right. Broken
patterns are cut up too, so that a message can point into them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

__all__ = ["Piece", "PieceKind", "pieces_of"]


class PieceKind(Enum):
    """What a piece does."""

    OPEN = "opens a group"
    CLOSE = "closes a group"
    BAR = "parts alternatives"
    REPEAT = "repeats what stands before it"
    START = "the start of the text, or of a line"
    END = "the end of the text, or of a line"
    FLAGS = "sets flags to the end of the group"
    NOTHING = "stands between characters"
    CHARACTERS = "stands for characters"


@dataclass(frozen=True, slots=True)
class Piece:
    """`pattern[start:end]`. `text` is that slice."""

    kind: PieceKind
    start: int
    end: int
    text: str


def pieces_of(pattern: str) -> Iterator[Piece]:
    """Every piece in order; together they are the whole pattern."""
    position = 0
    while position < len(pattern):
        kind, end = _piece_at(pattern, position)
        yield Piece(kind, position, end, pattern[position:end])
        position = end


_QUOTED = re.compile(r"\\Q.*?(?:\\E|$)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x\{[^}]*\}|x..|[pP]\{[^}]*\}|[pP].|[0-7]{1,3}|.)?", re.DOTALL)
_FLAGS = re.compile(r"\(\?[A-Za-z-]*\)")
_OPENING = re.compile(r"\((?:\?(?:P?<[^>]*>|[A-Za-z-]*:))?")
_REPEAT = re.compile(r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??")
_SINGLE = {
    ")": PieceKind.CLOSE,
    "|": PieceKind.BAR,
    "^": PieceKind.START,
    "$": PieceKind.END,
}
_ESCAPES = {
    "\\A": PieceKind.START,
    "\\z": PieceKind.END,
    "\\b": PieceKind.NOTHING,
    "\\B": PieceKind.NOTHING,
}


def _piece_at(pattern: str, start: int) -> tuple[PieceKind, int]:
    character = pattern[start]
    if character in _SINGLE:
        return _SINGLE[character], start + 1
    if character == "\\":
        return _escape_at(pattern, start)
    if character == "[":
        return PieceKind.CHARACTERS, _class_end(pattern, start)
    if character == "(":
        flags = _FLAGS.match(pattern, start)
        if flags is not None:
            return PieceKind.FLAGS, flags.end()
        opening = _OPENING.match(pattern, start)
        return PieceKind.OPEN, opening.end() if opening is not None else start + 1
    repeat = _REPEAT.match(pattern, start)
    if repeat is not None:
        return PieceKind.REPEAT, repeat.end()
    return PieceKind.CHARACTERS, start + 1


def _escape_at(pattern: str, start: int) -> tuple[PieceKind, int]:
    found = _QUOTED.match(pattern, start) or _ESCAPE.match(pattern, start)
    end = found.end() if found is not None else start + 1
    return _ESCAPES.get(pattern[start:end], PieceKind.CHARACTERS), end


_POSIX_CLASS = re.compile(r"\[:\^?[a-z]+:\]")


def _class_end(pattern: str, start: int) -> int:
    """After the `]` that closes the class, or the end of the pattern."""
    position = start + 1
    if pattern.startswith("^", position):
        position += 1
    is_first = True
    while position < len(pattern):
        if pattern[position] == "]" and not is_first:
            return position + 1
        is_first = False
        posix = _POSIX_CLASS.match(pattern, position)
        if posix is not None:
            position = posix.end()
        elif pattern[position] == "\\":
            position = _escape_at(pattern, position)[1]
        else:
            position += 1
    return len(pattern)
