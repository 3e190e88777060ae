"""What takes the bytes of the decision log in the end; may block, so a thread of its own writes."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import Protocol

__all__ = ["FileTarget", "LineTarget", "SharedStreamTarget", "StreamTarget"]


class LineTarget(Protocol):
    """Takes bytes. Called from one thread of its own; may block."""

    @property
    def name(self) -> str:
        """As people know it (`stdout`, a path)."""
        ...

    def write(self, data: memoryview) -> int:
        """Write some of it, at least one byte; how many. Raises OSError."""
        ...

    def reopen(self) -> None:
        """Open anew where that means something (a file that was rotated). Raises OSError."""
        ...

    def close(self) -> None:
        """No more writing."""
        ...


class StreamTarget:
    """A descriptor that somebody else owns: standard output."""

    __slots__ = ("_descriptor", "name")

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name = name

    def write(self, data: memoryview) -> int:
        """As LineTarget says."""
        return os.write(self._descriptor, data)

    def reopen(self) -> None:
        """A descriptor we were given cannot be opened anew."""

    def close(self) -> None:
        """It is not ours to close."""


class SharedStreamTarget(StreamTarget):
    """A descriptor that several processes write to, one whole batch after the other.

    A pipe takes 4 kB at a time: without a lock lines of two processes would be mixed up.
    """

    __slots__ = ("_lock",)

    def __init__(self, descriptor: int, name: str, lock: int) -> None:
        """`lock`: descriptor of any file that all of them can write to; it is never written."""
        super().__init__(descriptor, name)
        self._lock = lock

    def write(self, data: memoryview) -> int:
        """All of it."""
        # A lock of the process, which ends with it: a worker that is killed blocks nobody.
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            written = 0
            while written < len(data):
                written += super().write(data[written:])
            return written
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)


class FileTarget:
    """A file that is appended to; made with mode 0640, opened anew on a reload."""

    __slots__ = ("_descriptor", "_path", "_wanted_anew", "name")

    def __init__(self, path: Path) -> None:
        """Raises OSError where the file cannot be opened: found at start-up, not at midnight."""
        self._path = path
        self.name = str(path)
        self._descriptor = self._open()
        self._wanted_anew = False

    def write(self, data: memoryview) -> int:
        """As LineTarget says."""
        if self._wanted_anew:
            fresh = self._open()
            os.close(self._descriptor)
            self._descriptor = fresh
            self._wanted_anew = False
        return os.write(self._descriptor, data)

    def reopen(self) -> None:
        """The next write opens the path again (after a rotation), in the writing thread."""
        self._wanted_anew = True

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o640)
        try:
            # A process that was killed may have left half a line: it must not swallow the next.
            if stat.S_ISREG(os.fstat(descriptor).st_mode) and _ends_within_a_line(self._path):
                os.write(descriptor, b"\n")
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _ends_within_a_line(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except OSError:
        return False  # it is empty, or may be written and not read
