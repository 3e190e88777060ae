"""The page of the benchmarks: goals from figures, what is missing, what was written by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.contests import Row
from benchmarks.figures import EngineRow, Figures
from benchmarks.goals import goal_lines
from benchmarks.report import write_report

RATES = {
    "null": 40_000,
    "null-uvicorn": 30_000,
    "null-authzen": 41_000,
    "null-hypercorn": 7_000,
    "sideband": 26_400,
    "sideband-every-rs256": 9_000,
    "authzen-token": 31_000,
    "authzen": 33_000,
    "hypercorn": 6_000,
    "cerbos-rs256": 2_500,
    "cerbos-es256": 2_400,
    "envoy-uncached-rs256": 18_000,
    "envoy-uncached-es256": 12_000,
    "envoy-cached-es256": 29_000,
}


def a_row(key: str, per_second: float, *, token: str = "ES256", decisions: int = 1) -> Row:
    return Row(key, f"Deemster {key}", token, decisions, per_second, 1.0, 2.0, 0.1, 30.0, 0.05, 99)


def all_figures() -> Figures:
    every = "RS256, verified every time"
    peers = [a_row(key, rate, token=every) for key, rate in RATES.items()]
    sizes = [a_row(key, 10_000) for key in ("10", "100", "1000", "10000")]
    workers = [
        replace(a_row(f"every-{n}", rate, token=every), name=f"{n} worker{'s' * (n > 1)}")
        for n, rate in ((1, 5_000), (2, 8_500))
    ]
    questions = [a_row(str(n), 10_000 / n**0.5, decisions=n) for n in (1, 5, 20, 50)]
    return Figures(
        "A machine.",
        "full",
        {"peers": peers, "size": sizes, "workers": workers, "questions": questions},
        [EngineRow("oso 1", 100, 50.0, 49.0, 51.0), EngineRow("regopy", 100, trouble="not there")],
        {"pieces": "## Pieces\n\nSome.\n"},
    )


def met(figures: Figures) -> dict[tuple[str, str], bool | None]:
    return {(line.what, line.goal): line.met for line in goal_lines(figures)}


def test_every_goal_is_met_by_figures_that_meet_it() -> None:
    assert set(met(all_figures()).values()) == {True}


@pytest.mark.parametrize(
    ("section", "key", "rate", "goal"),
    [
        ("peers", "sideband", 25_900, ("sideband, token seen before", "at least 65% of null")),
        ("peers", "null-uvicorn", 40_700, ("sideband, token seen before", "at least 65% of null")),
        (
            "peers",
            "cerbos-es256",
            2_650,
            ("sideband, token seen before", "at least 10.0 x of Cerbos"),
        ),
        ("peers", "hypercorn", 5_900, ("Hypercorn, sideband", "at least 85% of its own null")),
        (
            "size",
            "10000",
            8_900,
            ("throughput from 10 to 10,000 operations", "flat within 10%"),
        ),
        (
            "workers",
            "every-2",
            7_900,
            (
                "two workers against one, token verified every time",
                "at least 1.6 x, cores shared with wrk",
            ),
        ),
        (
            "questions",
            "20",
            1_900,
            ("`evaluations` of 20", "at least 4 x single, per decision"),
        ),
    ],
)
def test_a_goal_is_missed_by_a_little(
    section: str, key: str, rate: float, goal: tuple[str, str]
) -> None:
    figures = all_figures()
    figures.rows[section] = [
        replace(row, per_second=rate) if row.key == key else row for row in figures.rows[section]
    ]
    assert met(figures)[goal] is False


def test_a_goal_whose_rows_have_no_figures_is_neither_met_nor_missed() -> None:
    figures = Figures("A machine.", "full")
    assert set(met(figures).values()) == {None}


def test_tokens_that_may_be_remembered_say_nothing_of_verifying_every_time() -> None:
    figures = all_figures()
    figures.rows = {
        section: [replace(row, token="one of a few hundred") for row in rows]
        for section, rows in figures.rows.items()
    }
    unmet = [what for (what, _), is_met in met(figures).items() if is_met is None]
    assert unmet == [
        "token verified every time (RS256)",
        "two workers against one, token verified every time",
    ]


def test_the_page_shows_every_picture_and_pictures_are_xml(tmp_path: Path) -> None:
    write_report(all_figures(), tmp_path)
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[.+?\]\((.+?)\)", page)
    there = sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.svg"))
    assert sorted(shown) == there
    assert there
    for file in shown:
        ET.parse(tmp_path / file)  # noqa: S314 - our own


def test_what_failed_is_a_row_that_says_so(tmp_path: Path) -> None:
    figures = all_figures()
    figures.rows["peers"].append(Row("x", "Cerbos", "RS256", trouble="not installed: a | b"))
    write_report(figures, tmp_path)
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert "| Cerbos | RS256 | not measured: not installed: a \\| b |" in page
    assert "| regopy | 100 | not measured: not there |" in page


def test_what_was_written_by_hand_is_kept(tmp_path: Path) -> None:
    write_report(all_figures(), tmp_path)
    page = tmp_path / "benchmarks.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("Nothing is written here yet.", "It is the moon."), "utf-8")
    write_report(replace(all_figures(), plan="other"), tmp_path)
    again = page.read_text(encoding="utf-8")
    assert "It is the moon." in again
    assert "This was a other run" in again


def test_figures_are_kept_and_read_again(tmp_path: Path) -> None:
    figures = all_figures()
    figures.keep(tmp_path / "figures.json")
    assert Figures.kept(tmp_path / "figures.json") == figures
