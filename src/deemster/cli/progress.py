"""How far a run is, on a terminal's stderr; nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_of"]

_FEWEST = 200
"""Cases for which there is something to watch."""


@contextmanager
def progress_of(cases: int) -> Iterator[Callable[[], None]]:
    """A function to be called after each case."""
    if cases < _FEWEST or not sys.stderr.isatty():
        yield lambda: None
        return
    # Slow to import, and only wanted on a terminal.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("testing"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task("testing", total=cases)
        yield lambda: progress.advance(task)
