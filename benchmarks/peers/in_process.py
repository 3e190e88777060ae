"""The engines with Python packages, each in a process of its own virtual environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.figures import EngineRow
from benchmarks.peers.engines import ENGINES
from benchmarks.plan import Plan
from benchmarks.processes import SERVER_CORE

__all__ = ["measure_engines"]

PYTHON = Path(".bench/engines/bin/python")
SECONDS = 60.0


def measure_engines(plan: Plan, tell: Callable[[str], None]) -> list[EngineRow]:
    """At 100 and, in a full run, 1,000 operations; one that cannot be had is a row that says so."""
    found = []
    for operations in (100, 1_000)[: 1 + plan.slow_parts]:
        for name in ENGINES:
            row = _measured(name, operations, plan.engine_rounds)
            found.append(row)
            if row.trouble:
                tell(f"{name}: {row.trouble}")
    return found


def _measured(name: str, operations: int, rounds: int) -> EngineRow:
    if not os.access(PYTHON, os.X_OK):
        return EngineRow(name, operations, trouble="not installed: no environment below .bench")
    arguments = ["-m", "benchmarks.peers.engines", name, str(operations), str(rounds)]
    pinned = ["taskset", "-c", SERVER_CORE, "env", "-u", "PYTHONPATH", str(PYTHON)]
    try:
        ended = subprocess.run(
            pinned + arguments,
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return EngineRow(name, operations, trouble=f"not done after {SECONDS:.0f} s")
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        missing = "ModuleNotFoundError" in last[0]
        return EngineRow(name, operations, trouble="not installed" if missing else last[0][:200])
    told: dict[str, Any] = msgspec.json.decode(ended.stdout)
    shown = f"{name} {told['version']}"
    return EngineRow(shown, operations, told["median_us"], told["least_us"], told["most_us"])
