"""docs/policy/testing.md, followed from top to bottom in an empty folder."""

from pathlib import Path

import pytest

from tests.docs.walkthrough import followed, untimed

PAGE = Path(__file__).parents[2] / "docs" / "policy" / "testing.md"


@pytest.mark.slow
def test_every_command_prints_what_the_page_shows(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert untimed(followed(page, tmp_path)) == untimed(page)


def test_a_page_that_says_something_else_is_found_out(tmp_path: Path) -> None:
    page = "`a.yaml`:\n\n```yaml\nkind: X\n```\n\n```console\n$ deemster version\nanother\n```\n"
    assert followed(page, tmp_path) != page
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == "kind: X\n"


def test_a_block_that_nobody_would_try_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nobody tries"):
        followed("Like this:\n\n```yaml\nkind: X\n```\n", tmp_path)
