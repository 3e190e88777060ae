"""docs/settings.md is current and has every setting that the readers know."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from deemster.settings.environment import OVERRIDABLE, variable_of
from tests.support.settings_keys import found_keys
from tests.support.settings_page import PAGE, RENEWED, meaning_of, meanings, page

SETTINGS = Path(__file__).parents[2] / "src" / "deemster" / "settings"
READERS = [*sorted(SETTINGS.glob("*_sections.py")), SETTINGS / "loading.py"]
ASKING = {
    "optional",
    "required",
    "flag",
    "choice",
    "required_choice",
    "file_path",
    "secret",
    "section",
    "sections",
    "texts",
    "mapping",
    "node",
}
KEYS = found_keys().keys
TEXT = PAGE.read_text(encoding="utf-8")


def functions_of(module: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def is_reader(function: ast.FunctionDef) -> bool:
    """Whether it is given a section to read."""
    return any(
        isinstance(argument.annotation, ast.Name) and argument.annotation.id == "Section"
        for argument in function.args.args
    )


def test_the_page_is_current() -> None:
    stale = "docs/settings.md is not current: run `python -m tests.support.settings_page`"
    assert page() == TEXT, stale


@pytest.mark.parametrize("module", READERS, ids=lambda module: module.stem)
def test_the_probes_reach_every_reader(module: Path) -> None:
    there = {f"{module.stem}.{one.name}" for one in functions_of(module) if is_reader(one)}
    assert there - found_keys().readers == set(), "write probes in tests/support"


@pytest.mark.parametrize("module", READERS, ids=lambda module: module.stem)
def test_every_key_that_a_reader_asks_for_is_found(module: Path) -> None:
    asked = {
        node.args[0].value
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ASKING
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    found = {path.rpartition(".")[2].removesuffix("[]") for path in KEYS}
    assert asked - found == set(), "write probes in tests/support"


@pytest.mark.parametrize("path", KEYS)
def test_every_setting_has_a_meaning_and_a_row(path: str) -> None:
    assert meaning_of(path)
    is_top_with_more = any(one.startswith((f"{path}.", f"{path}[")) for one in KEYS) and (
        "." not in path and "[" not in path
    )
    heading = f"\n## `{path}`\n" if is_top_with_more else f"\n| `{path}` |"
    assert TEXT.count(heading) == 1


def test_every_override_has_its_variable() -> None:
    assert set(OVERRIDABLE) <= set(KEYS)
    missing = [path for path in OVERRIDABLE if f"| `{variable_of(path)}` |" not in TEXT]
    assert missing == []


def test_nothing_is_told_of_settings_that_are_not_there() -> None:
    told = {path for path in meanings() if not path.startswith("*.")} | set(RENEWED)
    assert told - set(KEYS) == set()
    assert found_keys().refused & set(KEYS) == set()


@pytest.mark.parametrize(
    ("path", "takes", "default", "at_sighup"),
    [
        ("limits.body", "size, 1KiB to 64MiB", "`1MiB`", "no"),
        ("deadlines.user", "duration, 1ms to 60s", "`300ms`", "no"),
        ("listeners.decisions.workers", "number, 1 to 64", "`1`", "no"),
        ("policies.bundle.whenTooOld", "`serve`, `degrade`, `deny`", "**needed**", "no"),
        ("policies.path", "path", "**needed**", "the tree"),
        ("gateways[].secrets[].value", "a secret", "**needed**", "yes"),
        ("gateways[].asserts", "list of id", "", "yes"),
        ("stateKeys[].value", "a secret", "**needed**", "yes"),
        ("shared.url", "a secret", "**needed**", "no"),
        ("services.NAME.bearer", "a secret", "", "a file's secret"),
    ],
)
def test_a_row_says_what_the_service_does(
    path: str, takes: str, default: str, at_sighup: str
) -> None:
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{path}` |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert (cells[1], cells[2], cells[4]) == (takes, default, at_sighup)
