"""The benchmarks run: a section of servers, a page with every row. Nothing is said of times."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed"),
    pytest.mark.skipif(shutil.which("taskset") is None, reason="taskset is not installed"),
]


def test_a_quick_run_of_some_sections_has_all_their_rows(tmp_path: Path) -> None:
    sections = ("questions", "conditions", "workers")
    only = [word for section in sections for word in ("--only", section)]
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--out", str(tmp_path), *only],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (1|10|[15] in a message|1 worker|2 workers) \| (.+)", page, re.M)
    assert [name for name, _ in rows] == [
        *("1", "10"),
        *("1 worker", "1 worker", "2 workers", "2 workers"),
        *("1 in a message", "5 in a message"),
    ]
    assert [told for _, told in rows if "not measured" in told] == []
