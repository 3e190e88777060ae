"""How long, how many."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Worst"]


@dataclass(frozen=True, slots=True)
class Worst:
    """Seconds and numbers of each load.

    `tokens`: of the overload, so many that none is met while the service remembers it;
    `slow`: clients that dawdle; `kids`: unknown key ids a second.
    """

    name: str
    seconds: float
    connections: int
    tokens: int
    slow: int
    kid_seconds: float
    kids: int
    soak_seconds: float
    soak_reloads: int
    soak_decisions: int


FULL = Worst(
    name="full",
    seconds=4.0,
    connections=1_000,
    tokens=200_000,
    slow=2_000,
    kid_seconds=30.0,
    kids=10_000,
    soak_seconds=600.0,
    soak_reloads=500,
    soak_decisions=1_000_000,
)
QUICK = Worst(
    name="quick",
    seconds=2.0,
    connections=1_000,
    tokens=20_000,
    slow=500,
    kid_seconds=5.0,
    kids=10_000,
    soak_seconds=20.0,
    soak_reloads=16,
    soak_decisions=20_000,
)
