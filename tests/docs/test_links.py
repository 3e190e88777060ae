"""No link of the documentation leads to nothing."""

from pathlib import Path

import pytest

from tests.support.markdown import dead_links

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        *(
            page
            for folder in ("docs", "examples", "changes")
            for page in (ROOT / folder).rglob("*.md")
        ),
    ]
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page) == []
