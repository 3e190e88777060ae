"""When has a tree changed, and when has the change come to an end? No clock, no waiting.

What a version of a tree is, is the caller's: times and sizes are enough for a person at work, a
service goes by the content of every file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from deemster.policy.diagnostics import DiagnosticSet, DiagnosticSink
from deemster.policy.reading.files import PolicyFiles, read_tree_files

__all__ = ["PAUSE", "SETTLING", "ChangeWatch", "content_of", "content_of_files"]

PAUSE = 0.25
"""Seconds between two looks."""

SETTLING = 0.1
"""Seconds without a further change after which a change counts as finished: editors and Git write
several files, and some replace a file by removing it first."""

_MOST_SETTLING = 20
"""Looks after which a tree that never comes to rest is read all the same."""

_Version = TypeVar("_Version")


class ChangeWatch(Generic[_Version]):
    """Looks again and again; the caller waits in between."""

    def __init__(self, look: Callable[[], _Version], seen: _Version) -> None:
        """`seen`: the version that the caller knows."""
        self._look = look
        self._seen = seen
        self._found: _Version | None = None
        self._looks = 0

    def step(self) -> float | None:
        """Look. Seconds to wait before the next step; None after a change that has ended."""
        latest = self._look()
        if self._found is None:
            if latest == self._seen:
                return PAUSE
            self._found, self._looks = latest, 0
            return SETTLING
        self._looks += 1
        if latest != self._found and self._looks < _MOST_SETTLING:
            self._found = latest
            return SETTLING
        self._seen, self._found = latest, None
        return None


def content_of(paths: Path | Sequence[Path]) -> str:
    """A digest of all that a load would read and find at `paths`, whatever the files' dates say."""
    sink = DiagnosticSink()
    return content_of_files(read_tree_files(paths, sink), sink.finish())


def content_of_files(files: PolicyFiles, found: DiagnosticSet | None = None) -> str:
    """The same of files that were read; `found` is what reading them found wrong."""
    digest = hashlib.sha256()
    for file in files.files:
        digest.update(f"{file.path}\0{file.digest}\n".encode("utf-8", "surrogateescape"))
    for one in found or ():
        digest.update(f"{one.span.file}\0{one.message}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
