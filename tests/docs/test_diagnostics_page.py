"""The page of diagnostics is what its script makes of the code."""

from __future__ import annotations

from deemster.policy.codes import Code
from scripts.diagnostics_page import PAGE, page


def test_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m scripts.diagnostics_page`"


def test_every_code_has_its_heading() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [code for code in Code if f"\n### {code}\n" not in text] == []
