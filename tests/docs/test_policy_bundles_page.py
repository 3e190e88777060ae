"""docs/policy-bundles.md: every command does what it shows, and the table has every word."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from deemster.bundles import limits
from deemster.bundles.jws import ALGORITHMS, SIGNATURE_TYPE
from deemster.bundles.keys import MOST_PINNED
from deemster.bundles.manifest import FORMAT
from deemster.bundles.verifying import CLOCK_SKEW
from deemster.cli.main import app
from deemster.model.bundle_cause import BundleCause
from tests.support.worked_pages import blocks, commands, matches, run

PAGE = (Path(__file__).parents[2] / "docs" / "policy-bundles.md").read_text(encoding="utf-8")

# What differs from run to run: ids of keys, digests of what has a date in it, dates.
_CHANGING = re.compile(r"\b[0-9a-f]{64}\b|(?<![\w-])[\w-]{43}(?![\w-])|\d{4}-\d\d-\d\dT[\d:]+Z")


def masked(text: str) -> str:
    return _CHANGING.sub("(changes)", text)


def test_the_commands_of_the_page_do_what_it_shows(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(tmp_path / "notes")]).exit_code == 0
    ran = 0
    for block in blocks(PAGE):
        assert block.language == "console"
        for command in commands(block):
            code, printed = run(command, tmp_path / "notes")
            assert matches(masked(command.shown), masked(printed)), f"{command}:\n{printed}"
            assert code == (1 if ": refused (" in command.shown else 0)
            ran += 1
    assert ran == 12


def test_the_table_has_every_word_and_no_other() -> None:
    assert re.findall(r"^\| `([\w-]+)` \|", PAGE, re.M) == [cause.value for cause in BundleCause]


def test_what_the_page_says_in_figures_and_names_is_so() -> None:
    assert all(f"`{algorithm}`" in PAGE for algorithm in ALGORITHMS)
    assert f"(`{FORMAT}`)" in PAGE
    assert f"`typ: {SIGNATURE_TYPE}`" in PAGE
    assert "more than 20,000 files, 1 MiB in one, or 128 MiB in all" in PAGE
    assert (limits.MAX_FILES, limits.MAX_FILE_BYTES, limits.MAX_TREE_BYTES) == (
        20_000, 1 << 20, 128 << 20,
    )  # fmt: skip
    assert ("more than a minute" in PAGE, CLOCK_SKEW) == (True, 60.0)
    assert ("A service pins one key or two." in PAGE, MOST_PINNED) == (True, 2)
