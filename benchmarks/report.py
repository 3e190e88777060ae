"""docs/benchmarks.md and its pictures, of the figures of one run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.charts import Bar, bars, contest, line
from benchmarks.contests import Row
from benchmarks.figures import EngineRow, Figures
from benchmarks.goals import GoalLine, goal_lines

__all__ = ["write_report"]

PAGE, PICTURES = "benchmarks.md", "benchmarks"
_KEPT = re.compile(r"<!-- kept from run to run -->\n(.*?)<!-- measured -->", re.DOTALL)
_FIRST_WORDS = "\nNothing is written here yet.\n\n"


def write_report(found: Figures, folder: Path) -> None:
    """The page and one SVG for each chart that has figures; what was written by hand stays."""
    page = folder / PAGE
    kept = _KEPT.search(page.read_text(encoding="utf-8")) if page.exists() else None
    pictures = folder / PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    drawn = _pictures(found)
    for name, picture in drawn.items():
        (pictures / f"{name}.svg").write_text(picture, encoding="utf-8")
    text = _page(found, set(drawn), kept[1] if kept else _FIRST_WORDS)
    page.write_text(text, encoding="utf-8")


def _page(found: Figures, drawn: set[str], kept: str) -> str:
    sections = [
        _HEAD.format(plan=found.plan, seconds=found.seconds),
        f"## Conditions\n\n{found.conditions}",
        f"## Goals\n\n{_GOALS}\n\n{_goal_table(goal_lines(found))}",
        f"## Where a goal is not met\n\n<!-- kept from run to run -->\n{kept}<!-- measured -->",
        f"## Beside its peers\n\n{_shown(drawn, 'peers', _PEERS_ALT)}{_PEERS}\n\n"
        f"{_table(found.rows.get('peers', []))}",
        f"## Beside its peers, 1,000 operations\n\n{_shown(drawn, 'larger', _LARGER_ALT)}"
        f"As above, of 1,000 operations.\n\n{_table(found.rows.get('larger', []))}",
        f"## Engines in process\n\n{_ENGINES}\n\n{_engine_table(found.engines)}",
        f"## Cost against operations\n\n{_shown(drawn, 'operations', _SIZE_ALT)}{_SIZE}\n\n"
        f"{_table(found.rows.get('size', []), 'operations')}",
        f"## Cost against conditions\n\n{_shown(drawn, 'conditions', _CONDITIONS_ALT)}"
        f"{_CONDITIONS}\n\n{_table(found.rows.get('conditions', []), 'conditions')}",
        f"## Two workers\n\n{_shown(drawn, 'workers', _WORKERS_ALT)}{_WORKERS}\n\n"
        f"{_table(found.rows.get('workers', []), 'workers')}",
        f"## Several questions in a message\n\n{_shown(drawn, 'questions', _QUESTIONS_ALT)}"
        f"{_QUESTIONS}\n\n{_table(found.rows.get('questions', []), 'questions')}",
        *(text.strip() for text in found.texts.values()),
    ]
    return "\n\n".join(sections) + "\n"


def _goal_table(lines: Sequence[GoalLine]) -> str:
    met = {True: "met", False: "**not met**", None: "-"}
    rows = [f"| {one.what} | {one.goal} | {one.measured} | {met[one.met]} |" for one in lines]
    return "\n".join(["| | goal | measured | |", "|---|---|---|---|", *rows])


def _table(rows: Sequence[Row], first: str = "contestant") -> str:
    if not rows:
        return "Not measured in this run."
    head = (
        f"| {first} | token | calls/s | p50 ms | p99 ms | one connection, p50 ms | CPU us a call "
        "| spread | resident MB |\n|---|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    return "\n".join([head, *(_line(row) for row in rows)])


def _line(row: Row) -> str:
    if row.trouble:
        told = row.trouble.replace("|", "\\|")
        return f"| {row.name} | {row.token} | not measured: {told} | | | | | | |"
    single = "" if row.single_p50_ms is None else f"{row.single_p50_ms:.3f}"
    return (
        f"| {row.name} | {row.token} | {row.per_second:,.0f} | {row.p50_ms:.2f} | "
        f"{row.p99_ms:.2f} | {single} | {row.cpu_us:.0f} | {row.spread:.0%} | "
        f"{row.resident_mb:.0f} |"
    )


def _engine_table(rows: Sequence[EngineRow]) -> str:
    if not rows:
        return "Not measured in this run."
    lines = [
        f"| {row.name} | {row.operations:,} | not measured: {row.trouble} | | |"
        if row.trouble
        else f"| {row.name} | {row.operations:,} | {row.median_us:.1f} | {row.least_us:.1f} | "
        f"{row.most_us:.1f} |"
        for row in rows
    ]
    head = "| engine | operations | us a decision | least | most |\n|---|---:|---:|---:|---:|"
    return "\n".join([head, *lines])


def _shown(drawn: set[str], name: str, words: str) -> str:
    return f"![{words}]({PICTURES}/{name}.svg)\n\n" if name in drawn else ""


def _pictures(found: Figures) -> dict[str, str]:
    drawn = {}
    for section, words in (("peers", "100 operations"), ("larger", "1,000 operations")):
        if found.measured(section):
            drawn[section] = contest(f"{words}: one core", found.measured(section))
    for section, name, across in (
        ("size", "operations", "operations in the policy tree"),
        ("conditions", "conditions", "conditions that one call evaluates"),
    ):
        points = [(float(row.key), row.cpu_us) for row in found.measured(section)]
        if points:
            title = f"Cost of a call against {name}"
            drawn[name] = line(title, across, "processor time, us a call", points)
    if workers := found.measured("workers"):
        kinds = {"1 worker": "null", "2 workers": "ours"}
        values = [Bar(row.token, row.name, row.per_second, kinds[row.name]) for row in workers]
        values.sort(key=lambda bar: bar.group, reverse=True)
        drawn["workers"] = bars("Two workers against one", "calls a second", values)
    if questions := found.measured("questions"):
        points = [(float(row.key), row.per_second * row.decisions) for row in questions]
        title = "Decisions a second against questions in a message"
        drawn["questions"] = line(title, "questions in a message", "decisions a second", points)
    return drawn


_HEAD = """# Benchmarks

Written by `make bench`; figures of one run on one machine, ratios within that run. Nothing in the
test suite asserts a time. This was a {plan} run of {seconds:.0f} seconds."""

_GOALS = """Ratios within this run, one core, 32 connections, decision record on. Where something
stands for several rows it is the one that makes the goal harder: of two null applications the
faster, of two algorithms the cheaper. The null application reads the whole body, decodes it untyped
and answers a constant of the size that Deemster's answer has."""

_PEERS = """One hundred operations; each asks any of two scopes and any of two groups, and the call
is for the one in the middle. The server is pinned to one core and `wrk` (one thread, 32 keep-alive
connections, then one) to the other; contestants in turn, medians over the rounds; spread: (most -
least) / median. Every contestant has permitted a good token, denied another scope and refused a
broken signature before it is measured.

- Deemster writes its decision record to standard output, a file here; the peers write none.
- Cerbos verifies the token of each call; it matches no path, for the caller names the action.
  One core (`GOMAXPROCS=1`), no audit, no telemetry.
- Envoy decides about the call that it is given, with one worker thread, and answers it itself; it
  is not asked by somebody else. A GET without body: a physical limit, not the same interface.
- gRPC is loaded by `h2load`: 4 connections with 8 calls under way on each.
- `verified every time`, Deemster: each call has a token that the service does not remember."""

_ENGINES = """No token, no HTTP, no record: method, path, scopes and groups are given, and the
answer is a word. One hundred operations' questions in turn, answers checked before. Deemster's
figure for comparison is [below](#decide-in-process); it finds the path and looks up token and user
as well. cedarpy, regopy and oso are told which operation is meant; pycasbin matches the path."""

_SIZE = "Sideband, token seen before, one core, 32 connections."
_CONDITIONS = """As above, of 100 operations. Each has as many deny rules as the row says; no
condition holds, so that all are evaluated."""
_WORKERS = """Both cores shared by `wrk`, the workers and their supervisor, wherever the system puts
them. Memory is that of all processes, shared pages counted in each."""
_QUESTIONS = """AuthZEN's `evaluations`; calls a second are messages a second. Subject and action
are the message's, each question has a resource."""

_PEERS_ALT = "Throughput and latency of each contestant at 100 operations"
_LARGER_ALT = "Throughput and latency of each contestant at 1,000 operations"
_SIZE_ALT = "Processor time of a call against the number of operations"
_CONDITIONS_ALT = "Processor time of a call against the number of conditions"
_WORKERS_ALT = "Throughput of one and of two workers"
_QUESTIONS_ALT = "Decisions a second against the number of questions in a message"
