"""How fetches of attributes ended, by source."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["FetchCounters", "FetchOutcome"]


class FetchOutcome(StrEnum):
    """Ways in which a fetch ends."""

    FETCHED = "fetched"
    CACHED = "cached"
    FAILED = "failed"
    HELD_BACK = "held-back"


class FetchCounters:
    """Plain integers. The names are the settings' own, so that their number is known."""

    __slots__ = ("counts", "open_circuits")

    def __init__(self) -> None:
        self.counts: dict[tuple[str, FetchOutcome], int] = {}
        self.open_circuits: set[str] = set()

    def count(self, source: str, outcome: FetchOutcome) -> None:
        """One more."""
        key = (source, outcome)
        self.counts[key] = self.counts.get(key, 0) + 1
