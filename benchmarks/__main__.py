"""`python -m benchmarks`: measure what is published, write the page and its pictures.

What fails is a row that says so. The page is written anew after each section, so that a run that is
broken off leaves what it had.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contestants import (
    by_conditions,
    by_questions,
    by_size,
    by_workers,
    larger,
    peers,
)
from benchmarks.contests import Contestant, measured_in_turn
from benchmarks.figures import Figures
from benchmarks.in_process import in_process
from benchmarks.issuing import Issuer
from benchmarks.machine import conditions
from benchmarks.peers.in_process import measure_engines
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.report import write_report
from benchmarks.stage import Stage

__all__ = ["main"]

DOCS = Path("docs")
KEPT = Path(".bench/figures.json")
QUICK_FOLDER = Path(".bench/quick")


def main() -> None:
    """See `--help`."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short, and not worth publishing")
    parser.add_argument("--out", type=Path, help="folder of the page; docs, or one of .bench")
    parser.add_argument("--only", action="append", metavar="SECTION", help="may be given again")
    parser.add_argument("--again", action="store_true", help="the page of the last full run")
    given = parser.parse_args()
    plan = QUICK if given.quick else FULL
    folder: Path = given.out or (QUICK_FOLDER if given.quick or given.only else DOCS)
    folder.mkdir(parents=True, exist_ok=True)
    if given.again:
        write_report(Figures.kept(KEPT), folder)
        return
    if not Path("/usr/bin/env").exists() or platform.system() != "Linux":
        raise SystemExit("the benchmarks take Linux: taskset, /proc")
    run = _Run(plan, folder, given.only)
    run.contests()
    run.engines()
    run.in_process()
    print(f"written: {folder / 'benchmarks.md'}, after {run.spent():.0f} s")


class _Run:
    def __init__(self, plan: Plan, folder: Path, only: list[str] | None) -> None:
        self._began = time.monotonic()
        self._plan = plan
        self._folder = folder
        self._only = only
        self._found = Figures(conditions(plan), plan.name)
        self._tell(
            f"{plan.name} run: {plan.rounds} rounds of {plan.seconds} s; "
            f"{'about 11 minutes' if plan.slow_parts else 'about 2 minutes'}"
        )

    def spent(self) -> float:
        return time.monotonic() - self._began

    def contests(self) -> None:
        plan = self._plan
        with tempfile.TemporaryDirectory() as folder:
            issuer = Issuer(Path(folder))
            sections: dict[str, list[Contestant]] = {"peers": peers(plan)}
            if plan.slow_parts:
                sections["larger"] = larger()
            sections |= {
                "size": by_size(plan),
                "conditions": by_conditions(plan),
                "workers": by_workers(plan),
                "questions": by_questions(plan),
            }
            for name, contestants in sections.items():
                self._section(name, lambda: self._contest(name, contestants, issuer))  # noqa: B023

    def engines(self) -> None:
        def measure() -> None:
            self._found.engines = measure_engines(self._plan, self._tell)

        self._section("engines", measure)

    def in_process(self) -> None:
        for name, measure in in_process(self._plan).items():

            def attempt(name: str = name, measure: Callable[[], str] = measure) -> None:
                try:
                    self._found.texts[name] = measure()
                except Exception as error:  # noqa: BLE001 - the other sections are worth having
                    self._tell(f"{name}: {error}")
                    self._found.texts[name] = f"## {name}\n\nNot measured: {error}\n"

            self._section(name, attempt)

    def _contest(self, name: str, contestants: list[Contestant], issuer: Issuer) -> None:
        with tempfile.TemporaryDirectory(dir=issuer.folder) as folder, ExitStack() as stack:
            stage = Stage(stack, Path(folder), issuer, self._plan)
            rows = measured_in_turn(contestants, stage, self._plan, self._tell)
            self._found.rows[name] = rows

    def _section(self, name: str, measure: Callable[[], None]) -> None:
        if self._only and name not in self._only:
            return
        self._tell(name)
        measure()
        self._found.seconds = self.spent()
        if self._plan.slow_parts and not self._only:
            self._found.keep(KEPT)
        write_report(self._found, self._folder)

    def _tell(self, words: str) -> None:
        print(f"{self.spent():5.0f} s  {words}", flush=True)


if __name__ == "__main__":
    main()
