"""Positioned YAML nodes: what `reader` makes and what every parser of our files consumes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from deemster.model.source import SourceSpan

__all__ = ["MappingNode", "Node", "ScalarNode", "ScalarStyle", "SequenceNode"]


class ScalarStyle(Enum):
    """How a scalar was written; it decides what the text may be taken for."""

    PLAIN = "plain"
    SINGLE_QUOTED = "single-quoted"
    DOUBLE_QUOTED = "double-quoted"
    LITERAL = "literal block (|)"
    FOLDED = "folded block (>)"


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A scalar's text, unresolved: the schema of the field decides what it means.

    `content_line` and `content_column` are where the first character of `text` stands (after the
    opening quote, or on the first line of a literal block). `verbatim` says that each character
    of `text` is one character of the file (no escapes, no folding), so that an offset maps to a
    column.
    """

    text: str
    style: ScalarStyle
    span: SourceSpan
    content_line: int
    content_column: int
    verbatim: bool

    def span_of(self, start: int, end: int) -> SourceSpan:
        """The place of `text[start:end]` in the file; the whole scalar if not `verbatim`."""
        if not self.verbatim:
            return self.span
        if "\n" not in self.text:
            line, column = self.content_line, self.content_column
            return SourceSpan(self.span.file, line, column + start, line, column + end)
        line, column = self._position_of(start)
        end_line, end_column = self._position_of(end)
        return SourceSpan(self.span.file, line, column, end_line, end_column)

    def _position_of(self, offset: int) -> tuple[int, int]:
        before = self.text[:offset]
        lines = before.count("\n")
        # Every line of a literal block is indented alike; other verbatim scalars have one line.
        in_line = offset if lines == 0 else offset - before.rfind("\n") - 1
        return self.content_line + lines, self.content_column + in_line


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list."""

    items: tuple[Node, ...]
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping in file order; the reader has refused duplicate and non-scalar keys."""

    entries: tuple[tuple[ScalarNode, Node], ...]
    span: SourceSpan

    def get(self, key: str) -> Node | None:
        """The value of a key, or None if the key is not there."""
        for found, value in self.entries:
            if found.text == key:
                return value
        return None

    def key_node(self, key: str) -> ScalarNode | None:
        """The key itself, for a diagnostic that points at it."""
        for found, _ in self.entries:
            if found.text == key:
                return found
        return None


Node = ScalarNode | SequenceNode | MappingNode
