"""Lines of a file as they are written, also where the file is another one from time to time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from deemster.decisionlog.reading import LONGEST_LINE, LogLine, read_line

__all__ = ["follow"]

POLL_SECONDS = 0.2


def follow(
    file: Path, *, pause: Callable[[float], None] = time.sleep, until: Callable[[], bool] = bool
) -> Iterator[LogLine]:
    """From the end of the file on; ends where `until` says so, asked when there is nothing more.

    A file that was rotated away is read to its end first; one that was cut short is read from its
    beginning. Raises OSError where it is not there at first.
    """
    lines: BinaryIO = file.open("rb")
    try:
        lines.seek(0, os.SEEK_END)
        rest, number = b"", 0
        next_one: BinaryIO | None = None
        while True:
            text = lines.readline(LONGEST_LINE)
            if text:
                rest += text
                if not rest.endswith(b"\n") and len(rest) < LONGEST_LINE:
                    continue
                number += 1
                yield read_line(f"{file}:+{number}", rest.rstrip(b"\n"))
                rest = b""
                continue
            if next_one is not None:
                # Whoever wrote the other one did so for a moment after it was renamed.
                lines.close()
                lines, next_one, rest, number = next_one, None, b"", 0
                continue
            if until():
                return
            next_one = _newer(file, lines)
            pause(POLL_SECONDS)
    finally:
        lines.close()


def _newer(file: Path, lines: BinaryIO) -> BinaryIO | None:
    """The file that has the name now, where that is another one or shorter than what was read."""
    try:
        there = file.stat()
    except OSError:
        return None  # between two: the next one comes
    here = os.fstat(lines.fileno())
    if (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino):
        return file.open("rb")
    if there.st_size < lines.tell():
        lines.seek(0)
    return None
