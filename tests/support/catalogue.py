"""docs/security.md, made of the rows in `catalogue.yaml` and of the tests' own marks.

`python -m tests.support.catalogue` writes it; tests/docs/test_security_page.py holds it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

__all__ = ["PAGE", "Forcing", "forcing_tests", "page", "rows"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
ROWS = Path(__file__).with_name("catalogue.yaml")
MOST_NAMED = 6

_TITLES = {
    "tokens": "Tokens",
    "keys": "Keys and metadata",
    "users": "Introspection and users",
    "holders": "Tokens that only their holder may present",
    "gateways": "Who may speak",
    "bundles": "Policy bundles",
    "reloads": "Reloads",
    "records": "Records of decisions",
    "closed": "Failing closed",
}
_HEAD = """# What goes wrong, and the test that forces it

Made of the tests' own marks by `python -m tests.support.catalogue`: a row without a test
fails the gate, and so does a mark that names no row. Every test named here is part of
`make test`, whose last lines count the rows that were green. How failures are told to each
gateway: [failing closed](security-fail-open.md).
"""


class Forcing(NamedTuple):
    """A test, and the rows that it forces."""

    file: Path
    name: str
    rows: tuple[str, ...]


def rows() -> dict[str, dict[str, tuple[str, str]]]:
    """Section ► row ► (what goes wrong, what happens instead)."""
    found = yaml.safe_load(ROWS.read_text(encoding="utf-8"))
    return {
        section: {row: (", ".join(texts[:-1]), texts[-1]) for row, texts in of_section.items()}
        for section, of_section in found.items()
    }


def forcing_tests() -> list[Forcing]:
    """Every test below tests/ with the mark, in order of file and place."""
    found: list[Forcing] = []
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if "catalogue(" in text:
            found += _in_file(file, ast.parse(text))
    return found


def page() -> str:
    """The page as it should be."""
    by_row: dict[str, list[Forcing]] = {}
    for test in forcing_tests():
        for row in test.rows:
            by_row.setdefault(row, []).append(test)
    parts = [_HEAD]
    for section, of_section in rows().items():
        parts.append(f"\n## {_TITLES[section]}\n\n")
        parts.append("| no. | what goes wrong | here | forced by |\n|---|---|---|---|\n")
        for row, (wrong, here) in of_section.items():
            parts.append(f"| {row} | {wrong} | {here} | {_links(by_row.get(row, []))} |\n")
    return "".join(parts)


def _in_file(file: Path, tree: ast.Module) -> Iterator[Forcing]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            marked = [
                str(argument.value)
                for decorator in node.decorator_list
                if _is_mark(decorator) and isinstance(decorator, ast.Call)
                for argument in decorator.args
                if isinstance(argument, ast.Constant)
            ]
            if marked:
                yield Forcing(file, node.name, tuple(marked))


def _is_mark(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == (
        "pytest.mark.catalogue"
    )


def _links(tests: list[Forcing]) -> str:
    by_file: Mapping[Path, list[Forcing]] = {}
    by_file = {test.file: [] for test in tests}
    for test in tests:
        by_file[test.file].append(test)
    told = []
    for file, of_file in by_file.items():
        link = f"[{file.name}](../{file.relative_to(ROOT)})"
        names = ", ".join(f"`{test.name.removeprefix('test_')}`" for test in of_file[:MOST_NAMED])
        more = len(of_file) - MOST_NAMED
        told.append(f"{link}: {names}" + (f" and {more} more" if more > 0 else ""))
    return "<br>".join(told)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
