"""Pieces of Markdown: tables, and the anchors that headings have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["anchor", "code", "link", "table"]

# In code as well.
_BAR = r"\|"


def anchor(heading: str) -> str:
    """The fragment by which a heading is linked."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def link(text: str, heading: str) -> str:
    """A link to a heading of the same page."""
    return f"[{text}](#{anchor(heading)})"


def code(text: str) -> str:
    """Text as code."""
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table's lines."""
    lines = [headings, ["---"] * len(headings), *rows]
    return [f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |" for cells in lines]
