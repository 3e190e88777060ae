"""`--watch`: run a command again whenever a policy file changes, until Ctrl-C.

Looks at names, sizes and times a few times a second. That needs no library, works on every file
system (also on mounted ones, which send no notices), and costs nothing to speak of at the size of
a policy tree.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from deemster.cli.errors import attempt
from deemster.policy.reading.watching import ChangeWatch

__all__ = ["FileWatch", "watch"]

_MOST_ENTRIES = 50_000
"""Files and folders looked at."""

_CLEAR = "\x1b[2J\x1b[3J\x1b[H"

_State = dict[str, tuple[int, ...]]


class FileWatch:
    """Waits for changes of YAML files at or below some paths.

    Nothing raises: what vanishes, cannot be read or is not there yet is a state like any other.
    """

    def __init__(self, paths: Sequence[Path], sleep: Callable[[float], None]) -> None:
        self._paths = paths
        self._sleep = sleep
        self._changes = ChangeWatch(self._look, self._look())

    def wait(self) -> None:
        """Return after a change since the last return (at first: since construction)."""
        while (pause := self._changes.step()) is not None:
            self._sleep(pause)

    def _look(self) -> _State:
        found: _State = {}
        for path in self._paths:
            for entry, state in _entries(os.fspath(path)):
                found[entry] = state
                if len(found) == _MOST_ENTRIES:
                    return found
        return found


def watch(paths: Sequence[Path], run: Callable[[], int]) -> None:
    """`run`, and again after each change of the files at `paths`; returns on Ctrl-C.

    An error of one run is told, and the next is waited for.
    """
    try:
        changes = FileWatch(paths, time.sleep)
        while True:
            if sys.stdout.isatty():
                sys.stdout.write(_CLEAR)
            attempt(run)
            sys.stdout.flush()
            shown = ", ".join(str(path) for path in paths)
            sys.stderr.write(f"watching {shown} for changes; Ctrl-C ends\n")
            sys.stderr.flush()
            changes.wait()
    except KeyboardInterrupt:
        sys.stderr.write("\n")


def _entries(root: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What is there, with what tells one version of it from another. Without recursion."""
    ahead = [root]
    followed: set[str] = set()
    while ahead:
        path = ahead.pop()
        state = _state(path)
        if state is None:
            continue
        found, mode = state
        if not stat.S_ISDIR(mode):
            if path == root or path.lower().endswith((".yaml", ".yml")):
                yield path, found
            continue
        if os.path.islink(path):  # noqa: PTH114  (texts: this is done four times a second)
            target = os.path.realpath(path)
            if target in followed:
                continue
            followed.add(target)
        yield path, ()
        ahead.extend(_inside(path))


def _state(path: str) -> tuple[tuple[int, ...], int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev), found.st_mode


def _inside(folder: str) -> list[str]:
    try:
        return [
            os.path.join(folder, name)  # noqa: PTH118
            for name in os.listdir(folder)  # noqa: PTH208
            if not name.startswith(".")
        ]
    except OSError:
        return []
