"""Comments and blank lines of a file: found between its scalars, and put where they belong.

A comment trails what stands before it on its line. On a line of its own it precedes what comes
next; only where it is indented deeper than that, it ends the block that it is indented with.
"""

from __future__ import annotations

from collections.abc import Iterator

from deemster.policytools.layout.outline import Collection
from deemster.policytools.layout.tokens import Place, Token, tokens_of

__all__ = ["attach_comments"]


def attach_comments(root: Collection, lines: list[str]) -> list[str]:
    """Hang every comment and every blank line on its entry; returns the comments as they stand."""
    tokens = tokens_of(root, lines)
    found = []
    previous: Token | None = None
    for following in (*tokens, None):
        gap = _Gap(root, previous, following, lines)
        found += gap.take()
        previous = following
    return found


class _Gap:
    """What stands between two tokens: white space, punctuation of YAML, and comments."""

    def __init__(
        self, root: Collection, previous: Token | None, following: Token | None, lines: list[str]
    ) -> None:
        self._root = root
        self._previous = previous
        self._following = following
        self._lines = lines
        self._line = -1 if previous is None else previous.end[0]
        self._is_before_following = False

    def take(self) -> list[str]:
        """The comments, after each was hung up."""
        found = []
        previous, following = self._previous, self._following
        if previous is not None and previous.comment is not None and previous.entry is not None:
            previous.entry.trailing.append(previous.comment)
            found.append(previous.comment)
        for place, text in self._comments():
            self._hang(place, text)
            found.append(text)
        if following is not None and following.starts is not None:
            self._blank(following.starts.before, following.start[0])
        return found

    def _comments(self) -> Iterator[tuple[Place, str]]:
        """Every `#` between two tokens begins one: all else there is punctuation."""
        line, column = (0, 0) if self._previous is None else self._previous.end
        end = (len(self._lines), 0) if self._following is None else self._following.start
        while line <= end[0] and line < len(self._lines):
            text = self._lines[line]
            stop = end[1] if line == end[0] else len(text)
            at = text.find("#", column, stop)
            if "-" in text[column : stop if at < 0 else at]:
                # The dash of an item, whose content comes further down.
                self._is_before_following = True
            if at >= 0:
                yield (line, at), text[at:].rstrip()
            line, column = line + 1, 0

    def _hang(self, place: Place, text: str) -> None:
        previous = self._previous
        if (
            previous is not None
            and previous.entry is not None
            and not previous.is_opening
            and place[0] == previous.end[0]
        ):
            previous.entry.trailing.append(text)
            return
        target = self._target(place[1])
        self._blank(target, place[0])
        target.append(text)
        self._line = place[0]

    def _blank(self, target: list[str], line: int) -> None:
        """A blank line, where the author left one or several."""
        if target[-1:] != [""] and any(
            not text.strip() for text in self._lines[self._line + 1 : line]
        ):
            target.append("")

    def _target(self, column: int) -> list[str]:
        ended = None if self._is_before_following else self._block_ended(column)
        if ended is not None:
            return ended.after
        self._is_before_following = True
        following = self._following
        if following is None:
            return self._root.after
        if following.closed is not None:
            return following.closed.after
        entry = following.starts or following.entry
        if entry is None:
            # The bracket with which the document begins.
            return self._root.entries[0].before if self._root.entries else self._root.after
        return entry.before

    def _block_ended(self, column: int) -> Collection | None:
        """The innermost block that ends in this gap and is indented no deeper than the column,
        but deeper than what follows."""
        if self._previous is None or self._previous.inside is None:
            return None
        following = self._following
        open_after = [] if following is None else _open_at(following)
        for collection in self._previous.inside.enclosing():
            if collection in open_after:
                return None
            outer = -1 if not open_after else open_after[0].column
            if not collection.in_brackets and outer < collection.column <= column:
                return collection
        return None


def _open_at(token: Token) -> list[Collection]:
    """The collections in which a token stands, from the inside out."""
    if token.closed is not None:
        return list(token.closed.enclosing())
    entry = token.starts or token.entry
    return [] if entry is None else list(entry.parent.enclosing())
