"""docs/, held against the code: folders, layers, files that are named, numbers that are listed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from deemster.model.decision import Reason
from tests.support.markdown import code_blocks, sections

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "deemster"
DOCS = ROOT / "docs"
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PAGES = sorted(DOCS.rglob("*.md"))


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_tree_of_the_house_is_the_tree_of_the_source() -> None:
    (tree,) = code_blocks(sections(ARCHITECTURE)["The folders, as data flows"], "text")
    named = {line.split()[0].rstrip("/") for line in tree.splitlines()[1:]}
    there = {path.name for path in SOURCE.iterdir() if path.name != "__pycache__"}
    assert named == there


def test_the_layers_are_those_that_import_linter_holds() -> None:
    (shown,) = code_blocks(sections(ARCHITECTURE)["Imports run one way"], "text")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    there = [
        [name for name in re.findall(r"\w+", layer) if is_module(SOURCE / name)] for layer in layers
    ]
    assert [line.split(" | ") for line in shown.splitlines()] == [names for names in there if names]


def is_module(path: Path) -> bool:
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_the_folders_of_tests_are_those_that_are_there() -> None:
    rows = sections(ARCHITECTURE)["Where tests are"]
    named = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.+?) \|", rows, re.M))))
    there = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert named == there - {"__pycache__", "node", "support"}


FILES = re.compile(r"`(\w[\w/]*/(?:[\w.]+\.(?:py|md|txt))?)`|`([\w/]+\.(?:py|txt))`")


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_file_and_folder_that_is_named_exists(page: Path) -> None:
    named = {first or second for first, second in FILES.findall(page.read_text(encoding="utf-8"))}
    roots = (SOURCE, SOURCE / "policy", ROOT)
    missing = [name for name in named if not any((root / name).exists() for root in roots)]
    assert missing == []


@pytest.mark.parametrize("page", DECISIONS, ids=page_id)
def test_a_decision_says_context_decision_and_consequence_on_a_short_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.name[:4]}: ")
    assert re.findall(r"^\*\*(\w+)\.\*\* ", text, re.M) == ["Context", "Decision", "Consequence"]
    assert len(text.split()) < 320


def test_the_list_of_decisions_names_each_with_its_title() -> None:
    listed = re.findall(
        r"^\| \[(\d{4})\]\((.+?)\) \| (.+) \|$",
        (DOCS / "decisions" / "README.md").read_text(),
        re.M,
    )
    there = [
        (page.name[:4], page.name, page.read_text(encoding="utf-8").splitlines()[0][8:])
        for page in DECISIONS
    ]
    assert listed == there
    assert [int(number) for number, _, _ in listed] == list(range(1, len(listed) + 1))


def test_the_page_on_failing_closed_has_the_whole_list_and_real_reasons() -> None:
    text = (DOCS / "security-fail-open.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| F(\d+) \|", text, re.M) == [str(number) for number in range(1, 21)]
    reasons = set(re.findall(r"\b\d{3} `([a-z-]+)`", text))
    assert reasons
    assert reasons <= {reason.value for reason in Reason}


def test_a_word_has_one_meaning() -> None:
    text = (DOCS / "terminology.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?!word |---)(.+?) \|", text, re.M)
    words = [word.strip("`") for row in rows for word in row.split(", ")]
    assert sorted(words) == sorted(set(words))
