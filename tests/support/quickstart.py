"""`make run` in a folder of its own: a copy of the demonstration tree, free ports."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Quickstart", "a_checkout", "run_once", "staying_quickstart"]

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "deemster.quickstart")
FREE_PORTS = (
    "DEEMSTER_LISTENERS__DECISIONS__BIND=127.0.0.1:0",
    "DEEMSTER_LISTENERS__MANAGEMENT__BIND=127.0.0.1:0",
)
PATIENCE = 60.0


@dataclass
class Quickstart:
    """A quickstart that stays up; `printed` is what it said before it began to wait."""

    folder: Path
    process: subprocess.Popen[str]
    printed: str

    def interrupt(self) -> int:
        """What Ctrl-C does: the signal goes to the whole group. The exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)


def a_checkout(folder: Path) -> Path:
    """`folder` with the demonstration tree in it, where the quickstart may make its own."""
    shutil.copytree(ROOT / "policies", folder / "policies")
    return folder


def run_once(folder: Path, *variables: str) -> subprocess.CompletedProcess[str]:
    """`make run ARGS=--once`, less make; `variables` as `NAME=value`."""
    return subprocess.run(
        ["/usr/bin/env", *variables, *PROGRAM, "--once"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def staying_quickstart(folder: Path) -> Iterator[Quickstart]:
    """`make run`, but for its ports; ended by SIGTERM where it was not interrupted."""
    process = subprocess.Popen(
        ["/usr/bin/env", *FREE_PORTS, *PROGRAM],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout as output:
        try:
            yield Quickstart(folder, process, _until_it_waits(output))
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _until_it_waits(output: Iterator[str]) -> str:
    lines = []
    for line in output:
        lines.append(line)
        if line.rstrip().endswith("call.json"):
            break
    return "".join(lines)
