"""`deemster check --watch` as a process: files change, break, vanish; Ctrl-C ends it."""

from __future__ import annotations

import os
import pty
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
WAITING = "Ctrl-C ends"


class Watching:
    """The process, and what it has said. Output arrives through a terminal, or a pipe."""

    def __init__(self, folder: Path, *, terminal: bool) -> None:
        ours, theirs = pty.openpty() if terminal else os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deemster", "check", "policies", "--watch"],
            cwd=folder,
            stdout=theirs,
            stderr=theirs,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.defpath, "HOME": str(folder), "TERM": "xterm-256color"},
        )
        os.close(theirs)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(ours,), daemon=True).start()

    def _read(self, source: int) -> None:
        with open(source, encoding="utf-8", errors="replace") as stream:
            try:
                for line in stream:
                    self._lines.put(line)
            except OSError:
                return  # how a terminal tells that its other end is closed

    def until_it_waits(self) -> str:
        """All that is said of one run."""
        said = []
        while True:
            said.append(self._lines.get(timeout=30))
            if WAITING in said[-1]:
                return "".join(said)

    def interrupt(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=30)

    def end(self) -> None:
        self._process.kill()
        self._process.wait(timeout=30)


@pytest.fixture(params=[False, True], ids=["pipe", "terminal"])
def watching(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watching]:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    process = Watching(tmp_path, terminal=request.param)
    yield process
    process.end()


def test_each_change_is_checked_and_nothing_ends_it_but_ctrl_c(
    watching: Watching, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    first = watching.until_it_waits()
    assert ": no errors in " in first
    assert ("\x1b[2J" in first) is ("terminal" in request.node.name)

    library = tmp_path / "policies" / "lib" / "standard.yaml"
    sound = library.read_text(encoding="utf-8")
    library.write_text(sound + "schema: [\n", encoding="utf-8")
    assert "error[yaml-syntax]" in watching.until_it_waits()

    library.unlink()
    assert "error[import-not-found]" in watching.until_it_waits()

    (tmp_path / "policies").rename(tmp_path / "elsewhere")
    assert "`policies` does not exist" in watching.until_it_waits()

    (tmp_path / "elsewhere").rename(tmp_path / "policies")
    assert "error[import-not-found]" in watching.until_it_waits()

    library.write_text(sound, encoding="utf-8")
    assert ": no errors in " in watching.until_it_waits()
    assert watching.interrupt() == 0
