"""docs/policy/cel.md: what is left out is refused in its words, and what differs differs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deemster.policy.codes import Code
from deemster.policy.expressions import left_out
from tests.cel.comparison import said_by_cel, said_by_us
from tests.support.conditions import a_token, findings_of, values
from tests.support.markdown import sections

PAGE = Path(__file__).parents[2] / "docs/policy/cel.md"
SECTIONS = sections(PAGE.read_text(encoding="utf-8"))


def rows(section: str) -> Iterator[list[str]]:
    """The cells of a table, its head left out; `\\|` is how a table writes `|`."""
    for line in SECTIONS[section].splitlines():
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line.strip("|"))
            yield [cell.strip().replace("\\|", "|") for cell in cells]


def code_in(cell: str) -> list[str]:
    """What stands in backquotes, two of them where it has one itself."""
    return [two.strip() or one for two, one in re.findall(r"``(.+?)``(?!`)|`([^`]+)`", cell)]


LEFT_OUT = [
    (text, instead) for cell, instead in list(rows("Left out"))[2:] for text in code_in(cell)
]


@pytest.mark.parametrize(("text", "instead"), LEFT_OUT)
def test_what_is_left_out_is_refused_with_what_to_write_instead(text: str, instead: str) -> None:
    found = findings_of(text)
    assert found.checked is None
    assert {item.code for item in found.items} == {Code.UNSUPPORTED}
    assert found.items[0].help == instead


@pytest.mark.parametrize(
    ("names", "form"),
    [
        (left_out._FUNCTIONS, "{}(claims.sub)"),
        (left_out._METHODS, "claims.sub.{}('a', zzz)"),
        (left_out._LIBRARIES, "{}.anything(claims.sub)"),
    ],
)
def test_every_name_that_is_left_out_says_what_to_write(names: dict[str, str], form: str) -> None:
    for name, instead in names.items():
        found = findings_of(form.format(name))
        assert [(item.code, item.help) for item in found.items] == [(Code.UNSUPPORTED, instead)]


def test_the_page_lists_many() -> None:
    assert len(LEFT_OUT) > 70


DIFFERENCES = list(rows("Where the two differ, on purpose"))[2:]


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row[0])
def test_a_difference_is_as_the_page_says(row: list[str]) -> None:
    [text], [written] = code_in(row[0]), code_in(row[1])
    claims = json.loads(written)
    try:
        in_cel = said_by_cel(text, {"claims": claims})
    except RuntimeError:
        in_cel = "error"  # a function that CEL does not know
    ours = said_by_us(text)
    here = ours(values(claims=a_token(claims))) if callable(ours) else "refused"
    assert [shown(in_cel), shown(here)] == row[2:4]
    assert in_cel != here


def shown(answer: object) -> str:
    return str(answer).lower()
