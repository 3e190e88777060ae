"""Which ends of a text a pattern holds: `^` and `$` hold them only if every way through does.

`^a|b$` holds neither: `|` binds loosest, so that each anchor belongs to one alternative.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from deemster.policy.patterns.pieces import Piece, PieceKind, pieces_of

__all__ = ["Anchoring", "anchoring_of"]


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Whether every match begins at the text's start, and ends at its end.

    `is_parted` says that anchors stand in some alternatives of the whole pattern and not in all.
    """

    start: bool
    end: bool
    is_parted: bool


def anchoring_of(pattern: str) -> Anchoring:
    """Of a pattern that RE2 takes. Without recursion: groups may lie a thousand deep."""
    frames = [_Frame(by_line=False)]
    for piece in pieces_of(pattern):
        frame = frames[-1]
        if piece.kind is PieceKind.OPEN:
            frames.append(_Frame(_by_line(piece.text, frame.by_line)))
        elif piece.kind is PieceKind.CLOSE and len(frames) > 1:
            inner = frames.pop()
            inner.end_branch()
            frames[-1].add(_Item(inner.all_start, inner.all_end))
        elif piece.kind is PieceKind.FLAGS:
            frame.by_line = _by_line(piece.text, frame.by_line)
        else:
            _take(piece, frame)
    whole = frames[0]
    whole.end_branch()
    return Anchoring(
        whole.all_start,
        whole.all_end,
        whole.branches > 1
        and ((whole.any_start and not whole.all_start) or (whole.any_end and not whole.all_end)),
    )


@dataclass(slots=True)
class _Item:
    """A part of a concatenation: whether what it matches begins, or ends, where the text does."""

    start: bool = False
    end: bool = False


@dataclass(slots=True)
class _Frame:
    """The whole pattern or one group, as far as it was read; `by_line` is the flag `m`."""

    by_line: bool
    branches: int = 0
    all_start: bool = True
    all_end: bool = True
    any_start: bool = False
    any_end: bool = False
    _first: _Item | None = field(default=None)
    _last: _Item | None = field(default=None)

    def add(self, item: _Item) -> None:
        if self._first is None:
            self._first = item
        self._last = item

    def repeat(self, *, may_be_left_out: bool) -> None:
        if may_be_left_out and self._last is not None:
            self._last.start = self._last.end = False

    def end_branch(self) -> None:
        start = self._first is not None and self._first.start
        end = self._last is not None and self._last.end
        self.branches += 1
        self.all_start, self.any_start = self.all_start and start, self.any_start or start
        self.all_end, self.any_end = self.all_end and end, self.any_end or end
        self._first = self._last = None


_LEAST = re.compile(r"\+|\{0*[1-9]")
"""Repetitions that ask for one time at least."""


def _take(piece: Piece, frame: _Frame) -> None:
    if piece.kind is PieceKind.BAR:
        frame.end_branch()
    elif piece.kind is PieceKind.REPEAT:
        frame.repeat(may_be_left_out=_LEAST.match(piece.text) is None)
    elif piece.kind is PieceKind.START:
        frame.add(_Item(start=piece.text == "\\A" or not frame.by_line))
    elif piece.kind is PieceKind.END:
        frame.add(_Item(end=piece.text == "\\z" or not frame.by_line))
    elif piece.kind is not PieceKind.NOTHING:
        frame.add(_Item())


def _by_line(flags: str, before: bool) -> bool:  # noqa: FBT001  (the flag as it was)
    """The flag `m` after `(?im)`, `(?m-i:`; what begins a named group has none."""
    if "<" in flags or not flags.startswith("(?"):
        return before
    on, _, off = flags.partition("-")
    if "m" in off:
        return False
    return before or "m" in on
