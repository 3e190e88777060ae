"""Where a piece of policy or settings text stands."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SourceSpan"]


class SourceSpan(NamedTuple):
    """A run of characters on one or more lines; lines and columns count from 1.

    A named tuple, because a large tree has a hundred thousand of them.

    `file` is the path as shown to people: relative to where the tree was given on the command
    line. `end_column` is exclusive and belongs to `end_line`.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def place(self) -> str:
        """`file:line`, the short form of records and traces."""
        return f"{self.file}:{self.line}"

    def joined_with(self, other: SourceSpan) -> SourceSpan:
        """From the start of this span to the end of the other, both in one file."""
        return SourceSpan(self.file, self.line, self.column, other.end_line, other.end_column)
