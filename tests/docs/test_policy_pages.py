"""docs/policy/: the guide is worked through top to bottom, each recipe of the cookbook alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app
from tests.support.worked_pages import (
    Block,
    blocks,
    commands,
    matches,
    run,
    shown_file,
    write_files,
)

PAGES = Path(__file__).parents[2] / "docs" / "policy"
GUIDE = (PAGES / "guide.md").read_text(encoding="utf-8")
COOKBOOK = blocks((PAGES / "cookbook.md").read_text(encoding="utf-8"))
RECIPES = list(dict.fromkeys(block.heading for block in COOKBOOK))


def test_the_guide_works_as_it_reads(tmp_path: Path) -> None:
    ran = 0
    for block in blocks(GUIDE):
        if block.language == "console":
            for command in commands(block):
                _, printed = run(command, tmp_path)
                assert matches(command.shown, printed), f"{block.heading}:\n{printed}"
                ran += 1
        elif not write_files([block], tmp_path):
            assert is_part_of_a_file(block, tmp_path), f"{block.heading}: {block.text}"
    assert ran >= 8


def is_part_of_a_file(block: Block, root: Path) -> bool:
    """A block that shows no whole file shows lines of one that is there."""
    return any(block.text in file.read_text(encoding="utf-8") for file in root.rglob("*.yaml"))


def recipe(heading: str) -> list[Block]:
    return [block for block in COOKBOOK if block.heading == heading]


@pytest.mark.parametrize("heading", RECIPES)
def test_a_recipe_loads_without_a_word_and_its_tests_cover_all_of_it(
    heading: str, tmp_path: Path
) -> None:
    written = write_files(recipe(heading), tmp_path)
    assert any("tests" in file.parts for file in written), "a recipe has a test suite"
    checked = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert ": no errors" in checked.stdout, checked.stdout
    assert "warning[" not in checked.stdout, checked.stdout
    assert "hint[" not in checked.stdout, checked.stdout
    tested = CliRunner().invoke(app, ["test", str(tmp_path), "--coverage", "100"])
    assert tested.exit_code == 0, tested.stdout


@pytest.mark.parametrize("heading", RECIPES)
def test_a_recipe_shows_whole_files_and_nothing_else(heading: str) -> None:
    assert all(shown_file(block) is not None for block in recipe(heading))


def test_there_are_twenty_recipes() -> None:
    assert len(RECIPES) >= 20
