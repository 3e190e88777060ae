"""The scalars and brackets of an outline, in the order of the file."""

from __future__ import annotations

from dataclasses import dataclass

from deemster.policy.reading.nodes import ScalarNode
from deemster.policytools.layout.block_scalars import block_scalar
from deemster.policytools.layout.outline import Collection, Entry, is_bracket

__all__ = ["Place", "Token", "tokens_of"]

Place = tuple[int, int]
"""Line and column, both from 0."""


@dataclass(frozen=True, slots=True)
class Token:
    """A scalar or a bracket.

    `entry` is the innermost entry that it belongs to, None for the brackets of the root. `starts`
    is the outermost entry that begins with it, if one does. `inside` is the collection in which
    stands what comes next; `closed` the one whose closing bracket it is.
    """

    start: Place
    end: Place
    entry: Entry | None
    starts: Entry | None
    inside: Collection | None
    closed: Collection | None = None
    is_opening: bool = False
    comment: str | None = None
    """In the header of a block scalar."""


def tokens_of(root: Collection, lines: list[str]) -> list[Token]:
    """Every token of a document."""
    found: list[Token] = []
    _Reading(lines, found).collection(root, None)
    return found


class _Reading:
    def __init__(self, lines: list[str], found: list[Token]) -> None:
        self._lines = lines
        self._found = found

    def collection(self, found: Collection, starts: Entry | None) -> None:
        """`starts` is the item that begins with this collection."""
        has_brackets = is_bracket(found.node, self._lines)
        span, owner = found.node.span, found.owner
        if has_brackets:
            start = (span.line - 1, span.column - 1)
            end = (start[0], start[1] + 1)
            self._found.append(Token(start, end, owner, starts, found, is_opening=True))
            starts = None
        for entry in found.entries:
            self._entry(entry, starts or entry)
            starts = None
        if has_brackets:
            end = (span.end_line - 1, span.end_column - 1)
            outside = None if owner is None else owner.parent
            self._found.append(Token((end[0], end[1] - 1), end, owner, None, outside, closed=found))

    def _entry(self, entry: Entry, starts: Entry | None) -> None:
        if entry.key is not None:
            self._scalar(entry.key, entry, starts)
            starts = None
        if isinstance(entry.value, Collection):
            self.collection(entry.value, starts)
        else:
            self._scalar(entry.value, entry, starts)

    def _scalar(self, node: ScalarNode, entry: Entry, starts: Entry | None) -> None:
        span = node.span
        start, end = (span.line - 1, span.column - 1), (span.end_line - 1, span.end_column - 1)
        if start == end and entry.key is not None:
            # Nothing is written there. Of an item there is at least the dash.
            return
        block = block_scalar(node, self._lines)
        comment = None
        if block is not None:
            end, comment = block.end, block.comment
        self._found.append(Token(start, end, entry, starts, entry.parent, comment=comment))
