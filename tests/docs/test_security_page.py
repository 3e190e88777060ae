"""docs/security.md says which test forces which row of the catalogue: all, and nothing else."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.support.catalogue import PAGE, forcing_tests, page, rows

ROWS = {row for section in rows().values() for row in section}
TESTS = forcing_tests()
WANTED = {
    *(f"J{number}" for number in range(1, 21)),
    *(f"K{number}" for number in range(1, 8)),
    *(f"I{number}" for number in range(1, 8)),
    *(f"D{number}" for number in range(1, 11)),
    *(f"T{number}" for number in range(1, 6)),
    *(f"P{number}" for number in range(1, 7)),
    *(f"R{number}" for number in range(1, 4)),
    "L3",
    *(f"F{number}" for number in range(1, 21)),
}


def test_the_page_is_current() -> None:
    stale = "docs/security.md is not current: run `python -m tests.support.catalogue`"
    assert PAGE.read_text(encoding="utf-8") == page(), stale


def test_the_catalogue_has_every_row() -> None:
    assert ROWS == WANTED


@pytest.mark.parametrize("row", sorted(ROWS))
def test_every_row_is_forced_by_a_test(row: str) -> None:
    assert [test.name for test in TESTS if row in test.rows]


def test_every_mark_names_a_row() -> None:
    unknown = {row for test in TESTS for row in test.rows} - ROWS
    assert unknown == set()


def test_no_test_is_skipped_for_good() -> None:
    for test in TESTS:
        text = test.file.read_text(encoding="utf-8")
        place = text.index(f"def {test.name}(")
        decorators = text[text.rfind("\n\n\n", 0, place) : place]
        assert not re.search(r"mark\.(skip|xfail)\b", decorators), test.name


def test_names_are_told_once_a_file() -> None:
    for file in {test.file for test in TESTS}:
        names = Counter(test.name for test in TESTS if test.file == file)
        assert set(names.values()) == {1}, file.name
