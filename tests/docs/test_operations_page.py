"""docs/operations.md: its figures are those that were measured, its commands do what they show."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from deemster.cli.main import app
from deemster.serving.lifecycle import FINISH_SECONDS, FLUSH_SECONDS, SPARE_DESCRIPTORS
from tests.support.markdown import sections
from tests.support.operations_page import PAGE, page
from tests.support.worked_pages import blocks, commands, matches, run

ROOT = Path(__file__).parents[2]
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    stale = "docs/operations.md is not current: run `python -m tests.support.operations_page`"
    assert page() == TEXT, stale


def test_the_commands_of_the_page_do_what_it_shows(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(tmp_path / "notes")]).exit_code == 0
    ran = 0
    for block in blocks(TEXT):
        for command in commands(block) if block.language == "console" else ():
            code, printed = run(command, tmp_path / "notes")
            assert matches(command.shown, printed), f"{command}:\n{printed}"
            assert code == 0
            ran += 1
    assert ran == 4


def test_what_the_page_says_of_the_end_of_a_service_is_so() -> None:
    assert f"finishes what is in hand within {FINISH_SECONDS:g} s" in TEXT
    assert f"writes its records within {FLUSH_SECONDS:g} s" in TEXT
    assert f"`limits.connections` and {SPARE_DESCRIPTORS} more" in TEXT
    text = (ROOT / "deploy" / "kubernetes" / "deployment.yaml").read_text(encoding="utf-8")
    pod = yaml.safe_load(text)["spec"]["template"]["spec"]
    waits = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > waits + FINISH_SECONDS + FLUSH_SECONDS


@pytest.mark.parametrize(
    ("page_name", "heading"),
    [
        ("monitoring.md", "Metrics"),
        ("monitoring.md", "Alerts, and what to do"),
        ("policy-bundles.md", "Go back"),
        ("operations.md", "Before production"),
    ],
)
def test_the_parts_that_it_links_are_there(page_name: str, heading: str) -> None:
    anchor = heading.lower().replace(",", "").replace(" ", "-")
    assert f"{'' if page_name == 'operations.md' else page_name}#{anchor})" in TEXT
    assert heading in sections((PAGE.parent / page_name).read_text(encoding="utf-8"))
