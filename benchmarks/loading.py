"""`deemster check` of a large tree, as a command from start to exit."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.trees import conditioned_tree_texts

__all__ = ["ROUNDS", "LoadingFigures", "measure_loading", "write_tree"]

ROUNDS = 5


class Timed(NamedTuple):
    """Seconds of one command: from start to exit, and of the processor alone."""

    elapsed: float
    processor: float


@dataclass(frozen=True, slots=True)
class LoadingFigures:
    """`one`: a check of one operation. `version` imports next to nothing."""

    operations: int
    conditions: int
    files: int
    check: Timed
    one: Timed
    version: Timed


def write_tree(folder: Path, texts: Mapping[str, str]) -> int:
    """Write the texts below `folder`; how many files."""
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return len(texts)


def measure_loading(operations: int) -> LoadingFigures:
    """Medians of ROUNDS."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as small:
        files = write_tree(Path(folder), conditioned_tree_texts(operations))
        write_tree(Path(small), conditioned_tree_texts(1))
        return LoadingFigures(
            operations=operations,
            conditions=2 * operations,
            files=files,
            check=_timed("check", folder),
            one=_timed("check", small),
            version=_timed("version"),
        )


def _timed(*arguments: str) -> Timed:
    rounds = [_once(*arguments) for _ in range(ROUNDS)]
    return Timed(median(each.elapsed for each in rounds), median(each.processor for each in rounds))


def _once(*arguments: str) -> Timed:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "deemster", *arguments], check=True, capture_output=True)
    elapsed = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Timed(elapsed, used)
