"""Coverage as text, JSON, LCOV and a page: the same numbers everywhere."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from textwrap import dedent

import pytest

from deemster.model.source import SourceSpan
from deemster.policytest.coverage.as_json import coverage_json
from deemster.policytest.coverage.html import html_report
from deemster.policytest.coverage.lcov import lcov_report
from deemster.policytest.coverage.summary import Coverage, CoveredUnit, Share
from deemster.policytest.coverage.text import coverage_text
from deemster.policytest.coverage.units import OUTCOMES, Goal, Unit, UnitKind
from deemster.policytest.paint import Paint

EVIL = "<script>alert(1)</script> \" ' & \u202e\x1b[31m </code>"


def unit(
    kind: UnitKind, name: str, line: int, counts: dict[Goal, int], columns: tuple[int, int] = (3, 9)
) -> CoveredUnit:
    goals = OUTCOMES[kind][:2]
    span = SourceSpan("notes.yaml", line, columns[0], line, columns[1])
    return CoveredUnit(
        Unit(kind, name, span, goals), {goal: counts.get(goal, 0) for goal in OUTCOMES[kind]}
    )


COVERAGE = Coverage(
    (
        unit(UnitKind.RULE, "notes/a", 1, {Goal.APPLIED: 12, Goal.NOT_APPLIED: 3}),
        unit(UnitKind.CONDITION, "a && b", 2, {Goal.TRUE: 1, Goal.FALSE: 1}, (3, 9)),
        unit(UnitKind.CONDITION, "a", 2, {Goal.TRUE: 2}, (3, 4)),
        unit(UnitKind.CONDITION, "b", 2, {Goal.TRUE: 1, Goal.FALSE: 1, Goal.ERROR: 4}, (8, 9)),
        unit(UnitKind.RULE, "notes/c", 3, {}),
    )
)
SOURCE = "rule: a\n- a && b  # x\nrule: c\n"


def test_text_has_shares_and_what_is_missing() -> None:
    assert coverage_text(COVERAGE, paint=Paint(enabled=False)) == dedent(
        """\
        coverage       70.0 %  7 of 10
          rules        50.0 %  2 of 4
          conditions   83.3 %  5 of 6
        not covered
          notes.yaml:2  condition  a: never false
          notes.yaml:3  rule       notes/c: never evaluated
        """
    )


@pytest.mark.parametrize(
    ("covered", "goals", "told", "whole"),
    [(0, 0, "100.0 %", True), (9999, 10000, "99.9 %", False), (1, 3, "33.3 %", False)],
)
def test_what_is_not_complete_never_reads_as_complete(
    covered: int, goals: int, told: str, whole: bool
) -> None:
    share = Share(covered, goals)
    assert str(share) == told
    assert share.reaches(100) is whole
    assert share.reaches(0)


def test_json_has_every_unit_with_its_place_counts_and_goals() -> None:
    report = json.loads(json.dumps(coverage_json(COVERAGE)))
    assert (report["percent"], report["covered"], report["goals"]) == (70.0, 7, 10)
    assert report["kinds"]["rule"] == {"percent": 50.0, "covered": 2, "goals": 4}
    assert report["units"][3] == {
        "kind": "condition",
        "name": "b",
        "file": "notes.yaml",
        "line": 2,
        "column": 8,
        "endLine": 2,
        "endColumn": 9,
        "counts": {"true": 1, "false": 1, "error": 4},
        "goals": ["true", "false"],
        "missing": [],
    }


def test_lcov_has_lines_branches_and_functions_and_their_sums() -> None:
    assert lcov_report(COVERAGE) == dedent(
        """\
        TN:
        SF:notes.yaml
        FN:1,notes/a
        FN:3,notes/c
        FNDA:12,notes/a
        FNDA:0,notes/c
        FNF:2
        FNH:1
        BRDA:1,0,0,12
        BRDA:1,0,1,3
        BRDA:2,1,0,1
        BRDA:2,1,1,1
        BRDA:2,2,0,2
        BRDA:2,2,1,0
        BRDA:2,3,0,1
        BRDA:2,3,1,1
        BRDA:3,4,0,-
        BRDA:3,4,1,-
        BRF:10
        BRH:7
        DA:1,12
        DA:2,4
        DA:3,0
        LF:3
        LH:2
        end_of_record
        """
    )


class Page(HTMLParser):
    """What a page is made of: its elements, balanced, and the text of them."""

    VOID = frozenset({"meta", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str, css: str) -> list[dict[str, str | None]]:
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and css in (attributes.get("class") or "").split()
        ]


def test_the_page_shows_each_line_with_its_state_and_each_part_with_its_counts() -> None:
    page = Page(html_report(COVERAGE, {"notes.yaml": SOURCE}))
    assert [line["class"] for line in page.all("details", "line")] == [
        "line full", "line part", "line none",
    ]  # fmt: skip
    assert ["open" in line for line in page.all("details", "line")] == [False, True, True]
    assert [(found["class"], found["title"]) for found in page.all("span", "condition")] == [
        ("condition full", "true 1, false 1, error 0"),
        ("condition part leaf", "true 2, false 0, error 0"),
        ("condition full leaf", "true 1, false 1, error 4"),
    ]
    text = "".join(page.texts)
    assert "applied 12, not applied 3, error 0" in text
    assert "70.0 %" in text
    assert "a && b  # x" in text


def test_the_page_fetches_nothing_and_runs_nothing_but_its_own() -> None:
    report = html_report(COVERAGE, {"notes.yaml": SOURCE})
    page = Page(report)
    (policy,) = [
        attributes["content"]
        for name, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; "
        r"base-uri 'none'; form-action 'none'",
        policy,
    )
    names = {name for _, attributes in page.elements for name in attributes}
    assert not names & {"src", "style", "onclick", "onload", "srcset", "integrity"}
    links = [attributes["href"] for name, attributes in page.elements if "href" in attributes]
    assert links
    assert all(link is not None and link.startswith("#") for link in links)
    assert "http" not in report.replace("http-equiv", "")


def test_whatever_stands_in_names_and_sources_is_text_in_the_page() -> None:
    evil = replace(
        COVERAGE.units[0], unit=replace(COVERAGE.units[0].unit, name=EVIL, goals=(Goal.ERROR,))
    )
    span = SourceSpan(f"{EVIL}.yaml", 1, 1, 1, 400)
    odd = CoveredUnit(Unit(UnitKind.CONDITION, EVIL, span, (Goal.TRUE,)), dict.fromkeys(Goal, 0))
    report = html_report(Coverage((evil, odd)), {"notes.yaml": EVIL * 3, f"{EVIL}.yaml": EVIL})
    page = Page(report)
    assert [name for name, _ in page.elements].count("script") == 1
    assert "alert(1)" in "".join(page.texts)
    assert "\u202e" not in report
    assert "\x1b" not in report


def test_conditions_that_overlap_or_lie_beyond_the_line_do_no_harm() -> None:
    columns = [(1, 6), (4, 9), (2, 3), (2, 3), (1, 900)]
    odd = Coverage(
        tuple(
            unit(UnitKind.CONDITION, str(number), 1, {Goal.TRUE: 1}, place)
            for number, place in enumerate(columns)
        )
    )
    page = Page(html_report(odd, {"notes.yaml": "abcdefghij\n"}))
    assert "abcdefghij" in "".join(page.texts)
