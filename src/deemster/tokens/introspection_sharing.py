"""Answers about active tokens, kept where other processes find them.

An entry can be found and read by those who hold the token itself, and by nobody else: its name is
a digest of the token, and it is sealed by a key that is made of it.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from hashlib import sha256

from deemster.model.clock import Clock
from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.sharedstate.stores import KeptAnswers
from deemster.tokens.jose import NotOpenedError, SealingKey

__all__ = ["SharedAnswer", "SharedAnswers"]

_MAX_DEPTH = 34
_MOST_PUTTING = 1000


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """What another process was told: `seconds` that it may still be used, `size` in bytes."""

    members: dict[str, object] = field(repr=False)
    seconds: float
    size: int


class SharedAnswers:
    """Of one provider, over a cache that replicas share; its failures cost a question more."""

    def __init__(self, provider: str, kept: KeptAnswers, clock: Clock) -> None:
        self._provider = provider
        self._kept = kept
        self._clock = clock
        self._putting: set[asyncio.Task[None]] = set()

    async def get(self, token: str, most: float) -> SharedAnswer | None:
        """An answer that may be used for at most `most` seconds; None without one."""
        sealed = await self._kept.get(self._name(token))
        if not sealed:
            return None
        try:
            found = read_strict_json(
                self._key(token).open(sealed.decode("ascii")), max_depth=_MAX_DEPTH
            )
        except (NotOpenedError, StrictJsonError, UnicodeDecodeError):
            return None
        if not isinstance(found, dict):
            return None
        answer, until = found.get("answer"), found.get("until")
        if not isinstance(answer, dict) or not isinstance(until, int | float):
            return None
        left = min(until - self._clock.wall(), most)
        return SharedAnswer(answer, left, len(sealed)) if left > 0 else None

    def put(self, token: str, answer: dict[str, object], seconds: float) -> None:
        """Begin to keep an answer for `seconds` from now."""
        until = self._clock.wall() + seconds
        content = json.dumps({"answer": answer, "until": until}).encode()
        self._begin(token, self._key(token).seal(content).encode("ascii"), seconds)

    def take_back(self, token: str, seconds: float) -> None:
        """Begin to replace what is kept of a token that is not active: by nothing to read."""
        self._begin(token, b"", seconds)

    async def close(self) -> None:
        """Give up what is being kept."""
        putting = list(self._putting)
        for task in putting:
            task.cancel()
        if putting:
            await asyncio.wait(putting)

    def _begin(self, token: str, value: bytes, seconds: float) -> None:
        # A store that hangs must not gather what was to be kept in it.
        if len(self._putting) >= _MOST_PUTTING:
            return
        task = asyncio.create_task(self._put(self._name(token), value, seconds))
        self._putting.add(task)
        task.add_done_callback(self._putting.discard)

    async def _put(self, name: str, value: bytes, seconds: float) -> None:
        await self._kept.put(name, value, seconds)

    def _name(self, token: str) -> str:
        text = f"{self._provider}\0{token}"
        return "introspection:" + sha256(text.encode("ascii")).hexdigest()

    def _key(self, token: str) -> SealingKey:
        return SealingKey(self._provider, token, purpose=f"introspection+{self._provider}")
