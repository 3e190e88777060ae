"""The decision log as it was written, line by line, for whoever asks it afterwards."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

__all__ = ["LONGEST_LINE", "LogLine", "member", "read_files", "read_line"]

LONGEST_LINE = 1024 * 1024
"""Octets; no record is a tenth as long."""

VERSION = 1
SHADOW_VERSION = 1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `record` is None where it is no record, and `trouble` says why.

    `shadow` is what a tree beside the live one would have said otherwise; such a line is no record
    and no trouble.
    `text` is the line as it is, without its end; `place` is `file:line`.
    """

    place: str
    text: bytes
    record: dict[str, object] | None
    trouble: str = ""
    shadow: dict[str, object] | None = None


def read_files(files: Iterable[Path]) -> Iterator[LogLine]:
    """All lines of all files, in that order; a name that ends in `.gz` is unpacked.

    A line without an end at the end of a file is a record that is still being written, or whose
    writer died: it is told like any other that cannot be read. Raises OSError.
    """
    for file in files:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
            yield from _lines(str(file), lines)


def read_line(place: str, text: bytes) -> LogLine:
    """The record in a line."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return LogLine(place, text, None, "not JSON")
    if not isinstance(found, dict):
        return LogLine(place, text, None, "no JSON object")
    if found.get("shadow") == SHADOW_VERSION and "v" not in found:
        return LogLine(place, text, None, shadow=found)
    if found.get("v") != VERSION:
        return LogLine(place, text, None, f"no record of version {VERSION}")
    return LogLine(place, text, found)


def member(record: dict[str, object], name: str, kind: type[T]) -> T | None:
    """A member of this type; None where it is null, not there, or of another type."""
    found = record.get(name)
    return found if isinstance(found, kind) else None


def _lines(name: str, lines: BinaryIO | gzip.GzipFile) -> Iterator[LogLine]:
    number = 0
    while True:
        number += 1
        place = f"{name}:{number}"
        try:
            text = lines.readline(LONGEST_LINE)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            yield LogLine(place, b"", None, f"not gzip to its end: {error}")
            return
        if not text:
            return
        if not text.endswith(b"\n"):
            what = "longer than a record can be" if len(text) == LONGEST_LINE else "has no end"
            yield LogLine(place, text, None, what)
            while text and not text.endswith(b"\n"):
                text = lines.readline(LONGEST_LINE)
            continue
        yield read_line(place, text[:-1])
