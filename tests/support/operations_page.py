"""What docs/operations.md takes from elsewhere: measured figures, and the alerts by severity.

`python -m tests.support.operations_page` writes it; tests/docs/test_operations_page.py holds it.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.support.markdown import sections

__all__ = ["PAGE", "page"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = DOCS / "operations.md"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
AN_EXAMPLE = 10_000
"""Calls a second, of which a tenth bring a new token."""

_CONTESTANTS = (
    ("Deemster, sideband", "ES256, seen before", "sideband, token seen before"),
    ("Deemster, sideband", "RS256, verified every time", "sideband, each token new, RS256"),
    ("Deemster, sideband", "ES256, verified every time", "sideband, each token new, ES256"),
    ("Deemster, AuthZEN", "ES256, seen before", "AuthZEN, token seen before"),
    ("Deemster, AuthZEN", "none: the user is named", "AuthZEN, the user is named"),
    ("Deemster, forward-auth", "ES256, seen before", "forward-auth, token seen before"),
    ("Deemster, gRPC", "ES256, seen before", "ext_authz over gRPC, token seen before"),
)

Table = dict[tuple[str, ...], list[str]]


def page() -> str:
    """The page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    for heading, made in (("Sizing", _sizing()), ("What to watch", _watch())):
        part = re.compile(rf"(?<=\n## {heading}\n\n).*?(?=\n\n## )", re.S)
        assert len(part.findall(text)) == 1, heading
        text = part.sub(lambda _, made=made: made, text)  # type: ignore[misc]  # bound at once
    return text


# --- sizing -------------------------------------------------------------------------------------


def _sizing() -> str:
    bench = sections((DOCS / "benchmarks.md").read_text(encoding="utf-8"))
    worst = sections((DOCS / "worst-hour.md").read_text(encoding="utf-8"))
    peers = _rows(bench["Beside its peers"], keys=2)
    seen, new = [peers[_CONTESTANTS[at][:2]] for at in (0, 2)]
    cores = AN_EXAMPLE * (0.9 * int(seen[4]) + 0.1 * int(new[4])) / 1e6
    return "\n\n".join(
        [
            "Figures of [benchmarks](benchmarks.md) and of [the worst hour](worst-hour.md), by "
            "`python -m tests.support.operations_page`; on another machine measure again "
            "(`make bench`, `make worst-hour`). One worker on one core, 100 operations, decision "
            "record on:",
            _calls(peers),
            f"**Processor.** Cores are calls a second times µs, divided by a million; plan twice "
            f"that, because half of the capacity keeps the 99th percentile low. {AN_EXAMPLE:,} "
            f"sideband calls a second, a tenth of them with a new ES256 token, take {cores:.2f} "
            f"cores: plan {2 * cores:.1f}, and one replica more, for the one that is being "
            "replaced. "
            f"{_operations(bench)}",
            _workers(bench),
            _memory(bench, worst),
            _load(worst),
            "**Connections.** `limits.connections` is each process's, and so are the others of "
            "`limits`; each connection is an open file. A gateway that keeps connections needs as "
            "many as it has calls under way.",
        ]
    )


def _calls(peers: Table) -> str:
    lines = ["| call | calls/s | p99 ms at full load | µs a call |", "|---|---:|---:|---:|"]
    for contestant, token, shown in _CONTESTANTS:
        rate, _, p99, _, used, *_ = peers[contestant, token]
        lines.append(f"| {shown} | {rate} | {p99} | {used} |")
    return "\n".join(lines)


def _operations(bench: dict[str, str]) -> str:
    sizes = _rows(bench["Cost against operations"], keys=1)
    conditions = _rows(bench["Cost against conditions"], keys=1)
    return (
        f"The number of operations does not matter ({sizes['10',][5]} µs with 10, "
        f"{sizes['10,000',][5]} with 10,000); conditions that are evaluated do: "
        f"{conditions['1',][5]} µs a call with one, {conditions['100',][5]} with 100."
    )


def _workers(bench: dict[str, str]) -> str:
    rows = _rows(bench["Two workers"], keys=2)
    one, two = [rows[name, "ES256, verified every time"] for name in ("1 worker", "2 workers")]
    ratio = _number(two[0]) / _number(one[0])
    return (
        "**Workers.** `listeners.decisions.workers`: one a core, or one and more replicas. Two on "
        f"two cores decided {ratio:.2f} times as much as one ({two[0]} and {one[0]} calls a "
        "second, the load's own program on the same cores)."
    )


def _memory(bench: dict[str, str], worst: dict[str, str]) -> str:
    kept = bench["Tokens and users in memory"]
    token = re.search(r"tokens, MB \| \d+ \((\d+) bytes each\)", kept)
    user = re.search(r"users, MB \| \d+ \((\d+) bytes each\)", kept)
    soak = re.search(r"Resident: (.+?) in the second fifth.*?, (.+?) in the last", worst["Soak"])
    sizes = _rows(bench["Cost against operations"], keys=1)
    workers = _rows(bench["Two workers"], keys=2)["2 workers", "ES256, seen before"]
    assert token is not None
    assert user is not None
    assert soak is not None
    return (
        f"**Memory.** A worker with 100 operations has {sizes['100',][7]} MB, with 10,000 "
        f"{sizes['10,000',][7]}; each token that it remembers takes {int(token[1]):,} bytes (it "
        f"remembers 50,000), each user {int(user[1]):,}. Over the soak it stayed at {soak[2]}. "
        f"With workers there are a supervisor and a process that stands by: two workers with "
        f"theirs are {workers[6]} MB, shared pages counted in each."
    )


def _load(worst: dict[str, str]) -> str:
    overload = worst["Overload"]
    rows = _rows(overload, keys=2)
    capacity = re.search(r"^([\d,]+) calls a second, is what is answered", overload, re.M)
    back = re.search(r"after ([\d.]+ s) nine of ten", overload)
    assert capacity is not None
    assert back is not None
    half, twice, more = rows["1,000", "0.5"], rows["1,000", "2.0"], rows["3,000", "2.0"]
    assert {row[10] for row in rows.values() if row[10].isdecimal()} == {"0"}, "an answer was wrong"
    return (
        f"**Beyond it.** With each token new, one core had a capacity of {capacity[1]} calls a "
        f"second. At half of it one answer in a hundred took longer than {half[4]} ms; at twice "
        f"it {twice[2]} of the capacity was still answered right (over 3,000 connections instead "
        f"of 1,000: {more[2]}), nothing wrong, and {back[1]} after a load of three times had gone "
        "answers were as fast as before. What comes too "
        "late is denied as `overloaded` (`limits.queueTimeout`, `limits.concurrency`), so let "
        "gateways give up later than that: a call that was given up is paid for all the same."
    )


def _rows(text: str, *, keys: int) -> Table:
    """The last cells of each row, by its first ones."""
    found: Table = {}
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("|---"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found[tuple(cells[:keys])] = cells[keys:]
    return found


def _number(text: str) -> int:
    return int(text.replace(",", ""))


# --- alerts -------------------------------------------------------------------------------------


def _watch() -> str:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    by_severity: dict[str, list[str]] = {}
    for group in groups:
        for rule in group["rules"]:
            by_severity.setdefault(rule["labels"]["severity"], []).append(f"`{rule['alert']}`")
    lines = ["| severity | alerts |", "|---|---|"]
    lines += [f"| {severity} | {', '.join(names)} |" for severity, names in by_severity.items()]
    return (
        "[alerts.yaml](../deploy/prometheus/alerts.yaml), tested by `promtool`; "
        "[what to do about each](monitoring.md#alerts-and-what-to-do). A *page* means that calls "
        "are denied, or decided by what is old; a *ticket* can wait until the morning.\n\n"
        + "\n".join(lines)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
