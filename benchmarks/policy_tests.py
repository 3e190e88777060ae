"""`deemster test` of a thousand cases: the whole command, as authors and CI servers wait for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.loading import write_tree
from benchmarks.trees import OPERATIONS_IN_A_FILE, calls, tree_texts

__all__ = ["PolicyTestFigures", "measure_policy_tests"]

ROUNDS = 3
OPERATIONS = 100

_SUITE = """\
apiVersion: deemster/v1
kind: PolicyTest
metadata: {{id: s{file}}}
service: s{file}
now: 2026-11-23T09:00:00Z
users: {{u: {{groups: [g0, g1, g2, g3, g4, g5, g6]}}, v: {{groups: [none]}}}}
tokens:
{tokens}cases:
{cases}"""


@dataclass(frozen=True, slots=True)
class PolicyTestFigures:
    """Median seconds on the clock, and of processor time, of the whole command."""

    what: str
    seconds: float
    processor_seconds: float


def measure_policy_tests(cases: int) -> Sequence[PolicyTestFigures]:
    """Every case has a token of its own, so that each is signed and verified; one core."""
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder), tree_texts(OPERATIONS, conditions=True))
        _write_suites(Path(folder), cases)
        return [
            _measured("`deemster test`", folder, "-j", "1"),
            _measured("... `--coverage 0`", folder, "-j", "1", "--coverage", "0"),
            _measured("... with all reports", folder, "-j", "1", *_reports(Path(folder))),
        ]


def _reports(folder: Path) -> list[str]:
    kinds = ("junit", "json", "coverage", "lcov", "html")
    return [f"--report={kind}={folder / 'reports' / kind}.out" for kind in kinds]


def _write_suites(folder: Path, cases: int) -> None:
    """Of each ten cases of an operation one permits; the others fail in different ways."""
    asked = calls(OPERATIONS)
    each = cases // OPERATIONS
    for file in range(OPERATIONS // OPERATIONS_IN_A_FILE):
        tokens, texts = [], []
        for number in range(OPERATIONS_IN_A_FILE):
            call = asked[file * OPERATIONS_IN_A_FILE + number]
            for variant in range(each):
                name = f"t{number}-{variant}"
                user = "v" if variant % 3 == 1 else "u"
                scope = "other" if variant % 3 == 2 else call.scope
                permitted = user == "u" and scope == call.scope
                tokens.append(
                    f"  {name}: {{sub: {user}, scope: {scope}, jti: {file}-{name}, tier: gold}}\n"
                )
                texts.append(
                    f"  - name: {name}\n"
                    f"    request: {{method: {call.method}, url: {call.url}, ip: 10.0.0.1}}\n"
                    f"    token: {name}\n"
                    f"    expect: {{decision: {'permit' if permitted else 'deny'}, "
                    f"operation: op{number}}}\n"
                )
        suite = _SUITE.format(file=file, tokens="".join(tokens), cases="".join(texts))
        place = folder / "tests" / f"s{file}.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(suite, encoding="utf-8")


def _measured(what: str, folder: str, *options: str) -> PolicyTestFigures:
    rounds = [_round(folder, options) for _ in range(ROUNDS)]
    return PolicyTestFigures(
        what, median(wall for wall, _ in rounds), median(busy for _, busy in rounds)
    )


def _round(folder: str, options: Sequence[str]) -> tuple[float, float]:
    before, started = _children(), time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", "deemster", "test", folder, *options],
        capture_output=True,
        text=True,
        check=True,
    )
    if "1000 cases: 1000 passed" not in run.stdout:
        raise RuntimeError(run.stdout[-2000:])
    return time.perf_counter() - started, _children() - before


def _children() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


if __name__ == "__main__":
    for found in measure_policy_tests(1_000):
        print(f"{found.what:<24} {found.seconds:6.2f} s  {found.processor_seconds:6.2f} s CPU")
