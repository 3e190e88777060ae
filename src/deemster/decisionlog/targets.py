"""What takes the bytes of the decision log in the end; may block, so a thread of its own writes."""

from __future__ import annotations

import contextlib
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
    """A file that is appended to; made with mode 0640, opened anew on a reload.

    With `rotate_at` octets it becomes `PATH.1` before it grows over that, `PATH.1` becomes
    `PATH.2`, and so on; of those `keep` are kept. Several processes may write the same file: one
    of them renames it, and the others notice before their next batch.
    """

    __slots__ = ("_descriptor", "_keep", "_path", "_rotate_at", "_wanted_anew", "name")

    def __init__(self, path: Path, *, rotate_at: int | None = None, keep: int = 0) -> None:
        """Raises OSError where the file cannot be opened: found at start-up, not at midnight."""
        self._path = path
        self.name = str(path)
        self._rotate_at = rotate_at
        self._keep = keep
        self._descriptor = self._open()
        self._wanted_anew = False

    def write(self, data: memoryview) -> int:
        """As LineTarget says."""
        if self._wanted_anew or (self._rotate_at is not None and self._was_renamed()):
            self._open_anew()
        if self._rotate_at is not None:
            size = os.fstat(self._descriptor).st_size
            if size and size + len(data) > self._rotate_at:
                self._rotate()
        return os.write(self._descriptor, data)

    def reopen(self) -> None:
        """The next write opens the path again (after a rotation), in the writing thread."""
        self._wanted_anew = True

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _open_anew(self) -> None:
        fresh = self._open()
        os.close(self._descriptor)
        self._descriptor = fresh
        self._wanted_anew = False

    def _was_renamed(self) -> bool:
        """Whether the file that has the name is another one by now."""
        try:
            there = self._path.stat()
        except OSError:
            return True
        here = os.fstat(self._descriptor)
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def _rotate(self) -> None:
        # A lock on the file itself: whoever comes second finds that it has another name by then.
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            if not self._was_renamed():
                for number in range(self._keep, 0, -1):
                    older = self._numbered(number - 1) if number > 1 else self._path
                    with contextlib.suppress(FileNotFoundError):
                        older.rename(self._numbered(number))
                if self._keep == 0:
                    self._path.unlink()
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._open_anew()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

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
