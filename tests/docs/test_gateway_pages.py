"""docs/gateways/README.md: every example, every page and every protocol is on it."""

from __future__ import annotations

import re
from pathlib import Path

from deemster.settings.gateway_sections import PROTOCOLS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "gateways"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
LINKED = set(re.findall(r"\]\(([^)#]+)\)", PAGE))


def test_every_example_is_linked() -> None:
    there = {
        f"../../examples/gateways/{folder.name}"
        for folder in (ROOT / "examples" / "gateways").iterdir()
        if folder.is_dir()
    }
    assert there - LINKED == set()


def test_every_page_is_linked() -> None:
    there = {page.name for page in FOLDER.glob("*.md")} - {"README.md"}
    assert there - LINKED == set()


def test_every_protocol_is_named() -> None:
    named = set(re.findall(r"`([a-z-]+)`", PAGE))
    assert set(PROTOCOLS) - named == set()
