"""How questions to directories ended."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["DirectoryCounters", "DirectoryOutcome"]


class DirectoryOutcome(StrEnum):
    """Ways in which a question to a directory ends."""

    ANSWERED = "answered"
    FAILED = "failed"


class DirectoryCounters:
    """Plain integers. The names are the settings' own, so that their number is known."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[tuple[str, DirectoryOutcome], int] = {}

    def count(self, directory: str, outcome: DirectoryOutcome) -> None:
        """One more."""
        key = (directory, outcome)
        self.counts[key] = self.counts.get(key, 0) + 1
