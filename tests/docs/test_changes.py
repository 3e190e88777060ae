"""changes/: every fragment has the form that changes/README.md asks for."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "changes"
FRAGMENTS = sorted(set(FOLDER.glob("*.md")) - {FOLDER / "README.md"})
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
HEADINGS = set(re.findall(r"`(### \w+)`", PAGE))
MARKS = set(re.findall(r"\*\*\[([a-z ]+)\]\*\*", PAGE))


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda fragment: fragment.name)
def test_a_fragment_has_headings_and_sentences_and_known_marks(fragment: Path) -> None:
    assert re.fullmatch(r"\d+\.[a-z0-9-]+\.md", fragment.name)
    lines = [line for line in fragment.read_text(encoding="utf-8").splitlines() if line]
    assert lines[0] in HEADINGS
    assert {line for line in lines if line.startswith("#")} <= HEADINGS
    entries = [line for line in lines if not line.startswith("#")]
    assert [line for line in entries if not re.fullmatch(r"- .+\.", line)] == []
    assert set(re.findall(r"\*\*\[(.+?)\]\*\*", "\n".join(entries))) <= MARKS
