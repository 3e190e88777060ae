"""How introspections ended, by token provider."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["IntrospectionCounters", "IntrospectionOutcome"]


class IntrospectionOutcome(StrEnum):
    """Ways in which a question to an introspection endpoint ends."""

    ACTIVE = "active"
    REFUSED = "refused"
    FAILED = "failed"
    HELD_BACK = "held-back"
    SHARED = "shared"


class IntrospectionCounters:
    """Plain integers. The names are the settings' own, so that their number is known."""

    __slots__ = ("counts", "open_circuits")

    def __init__(self) -> None:
        self.counts: dict[tuple[str, IntrospectionOutcome], int] = {}
        self.open_circuits: set[str] = set()

    def count(self, provider: str, outcome: IntrospectionOutcome) -> None:
        """One more."""
        key = (provider, outcome)
        self.counts[key] = self.counts.get(key, 0) + 1
