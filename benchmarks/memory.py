"""What 50,000 live tokens and 100,000 users cost: resident memory, and the pause of a collection.

Measured in a process of its own, so that nothing else is counted.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tokens import AUDIENCE, a_provider, a_token
from deemster.model.clock import SystemClock
from deemster.model.identity import Credential, UserPart
from deemster.tokens.jose import SigningKey
from deemster.tokens.token_cache import TokenCache
from deemster.usercontext.resolver import UserResolver

__all__ = ["TOKENS", "USERS", "MemoryFigures", "measure_memory"]

TOKENS = 50_000
USERS = 100_000


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Megabytes, and milliseconds of a full collection."""

    before_mb: float
    tokens_mb: float
    users_mb: float
    pause_ms: float
    frozen_pause_ms: float
    young_pause_us: float


def measure_memory() -> MemoryFigures:
    """In another process."""
    found = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory"], check=True, capture_output=True, text=True
    )
    return MemoryFigures(**json.loads(found.stdout))


class _People:
    """A source that knows everybody, in a few groups."""

    id = "people"

    async def is_enabled(self, subject: str) -> bool | None:
        return True

    async def groups(self, subject: str) -> frozenset[str]:
        number = int(subject.removeprefix("user-"))
        return frozenset({f"g{number % 50}", f"g{number % 7}"})

    async def roles(self, subject: str) -> frozenset[str]:
        return frozenset()

    async def attributes(self, subject: str) -> Mapping[str, object]:
        return {"level": int(subject.removeprefix("user-")) % 10}

    async def close(self) -> None:
        pass


async def _measured() -> dict[str, float]:
    key = SigningKey.generate("ES256")
    cache = TokenCache(max_entries=TOKENS)
    provider = a_provider(key, "ES256", cache)
    users = UserResolver(
        {"bench": _People()}, clock=SystemClock(), ttl=3600, timeout=5.0, max_users=USERS
    )
    now = SystemClock.wall()
    gc.collect()
    before = _resident_mb()
    for number in range(TOKENS):
        credential = Credential("bearer", a_token(key, number))
        await provider.verify(credential, audience=AUDIENCE, now=now)
    gc.collect()
    with_tokens = _resident_mb()
    parts = frozenset(UserPart)
    for number in range(USERS):
        user = await users.resolve("bench", f"user-{number}")
        await users.fetch("bench", user, parts)
    if users.recall("bench", f"user-{USERS - 1}") is None:
        raise RuntimeError("users are not kept")
    pause = _collection(2)
    with_users = _resident_mb()
    gc.freeze()
    return {
        "before_mb": before,
        "tokens_mb": with_tokens - before,
        "users_mb": with_users - with_tokens,
        "pause_ms": pause * 1e3,
        "frozen_pause_ms": _collection(2) * 1e3,
        "young_pause_us": _collection(0) * 1e6,
    }


def _collection(generation: int) -> float:
    """Seconds, the median of a few."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        gc.collect(generation)
        taken.append(time.perf_counter() - began)
    return sorted(taken)[2]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measured())))
