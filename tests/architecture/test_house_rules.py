"""Rules of the house that no linter knows."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import deemster

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "deemster"
SETTINGS = SOURCE / "settings" / "environment.py"

MODULES = sorted(SOURCE.rglob("*.py"))
PYTHON_FILES = sorted(
    file
    for folder in ("src", "tests", "benchmarks", "scripts")
    for file in (ROOT / folder).rglob("*.py")
)
FOLDERS = (
    ".ci", "benchmarks", "changes", "docs", "examples", "policies", "scripts", "src", "tests",
)  # fmt: skip
# Written in two pieces, or this file would break its own rule.
MACHINE_PATHS = re.compile(r"(?<![\w.\-])/(?:wo" + r"rk|ro" + r"ot)/")


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


def text_files() -> Iterator[Path]:
    """The project's files, less what is made."""
    yield from (file for file in ROOT.iterdir() if file.is_file() and file.name != ".git")
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


@pytest.mark.parametrize("file", PYTHON_FILES, ids=relative)
def test_module_has_a_docstring(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert not tree.body or ast.get_docstring(tree), "say the module's one job, and its neighbours"


@pytest.mark.parametrize("file", MODULES, ids=relative)
def test_public_names_are_sorted(file: Path) -> None:
    for name, value in assignments(file):
        if name == "__all__":
            public = ast.literal_eval(value)
            assert list(public) == sorted(public, key=public_order)


@pytest.mark.parametrize("file", [m for m in MODULES if m != SETTINGS], ids=relative)
def test_only_settings_reads_the_environment(file: Path) -> None:
    readers = {"environ", "environb", "getenv", "getenvb"}
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = [
        node.lineno
        for node in ast.walk(tree)
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
            and node.attr in readers
        )
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and any(alias.name in readers for alias in node.names)
        )
    ]
    assert found == []


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    found = [
        f"{relative(file)}:{number}: {line.strip()}"
        for file in text_files()
        for number, line in enumerate(
            file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        )
        if MACHINE_PATHS.search(line)
    ]
    assert found == []


def test_constraints_are_exact_versions_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.]*", line)] == []


def test_every_direct_dependency_is_constrained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    pinned = {
        normalised(line)
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }
    assert {normalised(entry) for entry in wanted} <= pinned


def test_version_is_a_release_number() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", deemster.__version__)


def assignments(file: Path) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value


def public_order(name: str) -> tuple[int, str]:
    """Constants, classes, the rest: ruff's order (RUF022)."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def normalised(requirement: str) -> str:
    """The name of a requirement as package indexes compare names."""
    name = re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()
