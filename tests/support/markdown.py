"""The parts of a Markdown page that tests execute."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["code_blocks", "dead_links", "sections"]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)\n```$", re.M | re.S)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")


def sections(page: str) -> dict[str, str]:
    """Text by heading, of whatever level; code is no heading."""
    found: dict[str, str] = {}
    heading = ""
    in_code = False
    for line in page.splitlines():
        in_code ^= line.startswith("```")
        if line.startswith("#") and not in_code:
            heading = line.lstrip("#").strip()
            assert heading not in found, f"two sections `{heading}`"
            found[heading] = ""
        elif heading:
            found[heading] += line + "\n"
    return {heading: text.strip("\n") for heading, text in found.items()}


def code_blocks(text: str, language: str) -> list[str]:
    """Contents of the fenced blocks of one language."""
    return [body for found, body in _BLOCK.findall(text) if found == language]


def dead_links(page: Path) -> list[str]:
    """Relative links of a page that lead to nothing, and absolute ones to this machine."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    dead = []
    for target in _LINK.findall(text):
        if target.startswith(("https://", "http://")):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (fragment and fragment not in _anchors(file)):
            dead.append(target)
    return dead


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
