"""Block scalars (`|` and `>`) as they stand in a file: where they end, and how they are written.

YAML 1.2.2, 8.1: the header's indentation indicator counts from the parent's indentation, and
which line breaks at the end belong to the text is up to its chomping indicator.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from deemster.policy.reading.nodes import ScalarNode, ScalarStyle

__all__ = ["INDENT", "BlockScalar", "block_scalar"]

INDENT = 2

_HEADER = re.compile(r"[|>][0-9+-]*[ \t]*(#.*)?")
_STYLES = {ScalarStyle.LITERAL: "|", ScalarStyle.FOLDED: ">"}


@dataclass(frozen=True, slots=True)
class BlockScalar:
    """`content` are its lines less their indentation. `end` is the place behind its last line,
    line and column from 0. `keeps_blanks` says that blank lines at the end belong to the text.
    """

    header: str
    comment: str | None
    content: tuple[str, ...]
    end: tuple[int, int]
    keeps_blanks: bool


def block_scalar(node: ScalarNode, lines: list[str]) -> BlockScalar | None:
    """The scalar as a block; None if it is none."""
    if node.style not in _STYLES:
        return None
    at = node.span.line - 1
    written = _HEADER.fullmatch(lines[at][node.span.column - 1 :].rstrip())
    comment = None if written is None else written[1]
    if _has_no_block(node):
        return BlockScalar("", comment, (), (at, len(lines[at])), keeps_blanks=False)
    breaks = len(node.text) - len(node.text.rstrip("\n"))
    content = _content(node, lines, at + 1)
    while not content[-1].strip(" "):
        content.pop()
    last = at + len(content)
    if node.style is ScalarStyle.LITERAL:
        content = node.text.rstrip("\n").split("\n")
        last = max(last, at + len(content))
    keeps_blanks = breaks > 1
    if keeps_blanks:
        content += [""] * (breaks - 1)
        last = at + len(content)
    chomping = "+" if keeps_blanks else "" if breaks else "-"
    header = f"{_STYLES[node.style]}{_indicator(content)}{chomping}"
    return BlockScalar(header, comment, tuple(content), (last, len(lines[last])), keeps_blanks)


def _content(node: ScalarNode, lines: list[str], start: int) -> list[str]:
    """The lines below the header that belong to the text, and blank ones below them."""
    # No slices: a file may have a hundred thousand lines, and as many blocks.
    first_written = next(lines[at] for at in range(start, len(lines)) if lines[at].strip())
    first_read = next(line for line in node.text.split("\n") if line.strip())
    margin = " " * (_indent_of(first_written) - _indent_of(first_read))
    found = []
    for at in range(start, len(lines)):
        line = lines[at]
        if line.strip() and not line.startswith(margin):
            break
        found.append(line[len(margin) :])
    return found


def _has_no_block(node: ScalarNode) -> bool:
    """Whether it is written in double quotes instead, because its white space would not be seen."""
    last = node.text.rstrip("\n").split("\n")[-1]
    return not node.text.strip() or (node.style is ScalarStyle.FOLDED and not last.strip())


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _indicator(content: list[str]) -> str:
    """Needed where the first lines are indented themselves."""
    for line in content:
        if line.startswith((" ", "\t")):
            return str(INDENT)
        if line:
            break
    return ""
