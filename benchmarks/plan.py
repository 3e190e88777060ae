"""How long is measured: the published run, and one so short that only its shape means something."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Plan"]

REMEMBERED = 50_000
"""Tokens, by each worker."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds are those of one load; every contestant is loaded once a round.

    `pool` and `cheap_pool`: tokens for `a fresh token every time`, RS256 and ES256. A worker
    remembers 50,000, the oldest goes first: a walk through more than that never meets one again.
    Two workers see half each, hence the second. They are fewer in a quick run, which is told.
    """

    name: str
    rounds: int
    seconds: int
    single_seconds: int
    sizes: tuple[int, ...]
    conditions: tuple[int, ...]
    questions: tuple[int, ...]
    pool: int
    cheap_pool: int
    engine_rounds: int
    slow_parts: bool
    """Memory, `check` and `test` too."""

    @property
    def is_fresh(self) -> bool:
        """No token of a pool is met again while it is remembered."""
        return self.pool > REMEMBERED and self.cheap_pool > 2 * REMEMBERED


FULL = Plan(
    name="full",
    rounds=3,
    seconds=3,
    single_seconds=1,
    sizes=(10, 100, 1_000, 10_000),
    conditions=(1, 10, 100),
    questions=(1, 5, 20, 50),
    pool=52_000,
    cheap_pool=104_000,
    engine_rounds=5,
    slow_parts=True,
)
QUICK = Plan(
    name="quick",
    rounds=1,
    seconds=1,
    single_seconds=1,
    sizes=(10, 100),
    conditions=(1, 10),
    questions=(1, 5),
    pool=500,
    cheap_pool=500,
    engine_rounds=1,
    slow_parts=False,
)
