"""All that one run found, kept as JSON: a page can be made of it again without measuring again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks.contests import Row

__all__ = ["CONTESTS", "EngineRow", "Figures"]

CONTESTS = ("peers", "larger", "size", "conditions", "workers", "questions")
"""Sections whose figures are rows of contestants, in the order in which they are measured."""


@dataclass(frozen=True, slots=True)
class EngineRow:
    """Microseconds of a decision in process; `trouble`: why there is nothing."""

    name: str
    operations: int
    median_us: float = 0.0
    least_us: float = 0.0
    most_us: float = 0.0
    trouble: str | None = None


@dataclass(slots=True)
class Figures:
    """`texts`: sections that are written where they are measured, by name."""

    conditions: str
    plan: str
    rows: dict[str, list[Row]] = field(default_factory=dict)
    engines: list[EngineRow] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def of(self, section: str, key: str) -> Row | None:
        """A row that has figures."""
        found = [row for row in self.rows.get(section, ()) if row.key == key and not row.trouble]
        return found[0] if found else None

    def measured(self, section: str) -> Sequence[Row]:
        """Those that have figures."""
        return [row for row in self.rows.get(section, ()) if not row.trouble]

    def keep(self, file: Path) -> None:
        """As JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(self))

    @classmethod
    def kept(cls, file: Path) -> Figures:
        """What `keep` has written."""
        return msgspec.json.decode(file.read_bytes(), type=cls)
