"""`deemster check` of a large tree, and the memory of a process that holds it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.trees import tree_texts

__all__ = ["LoadingFigures", "measure_loading", "write_tree"]

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class LoadingFigures:
    """Seconds of the whole command, interpreter start included."""

    operations: int
    files: int
    check_seconds: float
    version_seconds: float


def write_tree(folder: Path, operations: int, *, conditions: bool = True) -> int:
    """Write `tree_texts` below `folder`; how many files."""
    texts = tree_texts(operations, conditions=conditions)
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return len(texts)


def measure_loading(operations: int) -> LoadingFigures:
    """The control is `deemster version`: what the interpreter and the imports cost."""
    with tempfile.TemporaryDirectory() as folder:
        files = write_tree(Path(folder), operations)
        check = median([_seconds("check", folder) for _ in range(ROUNDS)])
        version = median([_seconds("version") for _ in range(ROUNDS)])
    return LoadingFigures(operations, files, check, version)


def _seconds(*arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "deemster", *arguments], check=True, capture_output=True)
    return time.perf_counter() - started
