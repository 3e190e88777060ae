"""`deemster test` where somebody looks on: watching files, and progress on a terminal."""

import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    return tmp_path / "policies"


class Told:
    """What a running command prints."""

    def __init__(self, run: subprocess.Popen[str]) -> None:
        self._lines: list[str] = []
        self._heard = 0
        self._run = run
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self._run.stdout is not None
        for line in self._run.stdout:
            self._lines.append(line)

    def wait_for(self, text: str) -> None:
        """Let it be printed, after what was waited for before."""
        deadline = time.monotonic() + PATIENCE
        while (place := "".join(self._lines).find(text, self._heard)) < 0:
            assert time.monotonic() < deadline, "".join(self._lines)
            time.sleep(0.05)
        self._heard = place + len(text)


@contextmanager
def watching(tree: Path) -> Iterator[tuple[subprocess.Popen[str], Told]]:
    with subprocess.Popen(
        [sys.executable, "-m", "deemster", "test", "--watch"],
        cwd=tree.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        told = Told(run)
        try:
            yield run, told
        finally:
            run.kill()
            told.listener.join()


def test_each_change_is_followed_by_a_run_until_somebody_ends_it(tree: Path) -> None:
    file = tree / "api-services" / "invoices.yaml"
    text = file.read_text(encoding="utf-8")
    with watching(tree) as (run, told):
        told.wait_for("93 passed")
        told.wait_for("watching policies")
        file.write_text(text.replace("user.level >= 5", "user.level >= 3"), encoding="utf-8")
        told.wait_for("92 passed, 1 failed")
        told.wait_for("watching policies")
        file.write_text(text.replace("user.level >= 5", "user.levle >= 5"), encoding="utf-8")
        told.wait_for("did you mean `level`?")
        told.wait_for("watching policies")
        file.write_text(text.replace("user.level >= 5", "user.level >= 4"), encoding="utf-8")
        told.wait_for("2 suites, 93 cases: 93 passed")
        told.wait_for("watching policies")
        run.send_signal(signal.SIGINT)
        assert run.wait(PATIENCE) == 0


def test_progress_is_shown_on_a_terminal_and_is_gone_at_the_end(tree: Path) -> None:
    suite = (tree / "tests" / "invoices.yaml").read_text(encoding="utf-8")
    for number in range(3):
        more = suite.replace("metadata: {id: invoices", f"metadata: {{id: more-{number}")
        (tree / "tests" / f"more-{number}.yaml").write_text(more, encoding="utf-8")
    ours, theirs = pty.openpty()
    run = subprocess.run(
        [sys.executable, "-m", "deemster", "test"],
        cwd=tree.parent, stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    os.close(theirs)
    shown = read_all(ours)
    assert run.returncode == 0
    assert "270 passed" in run.stdout
    assert "\x1b" not in run.stdout
    assert "testing" in shown
    assert "270/270" in shown
    # The line is erased, and the cursor is back.
    assert shown.endswith(("\x1b[2K", "\x1b[?25h", "\x1b[1A\x1b[2K"))


def read_all(terminal: int) -> str:
    found = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # what Linux says when nobody writes any more
            part = b""
        if not part:
            os.close(terminal)
            return found.decode()
        found += part
