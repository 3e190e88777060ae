"""What an introspection endpoint said lately: of good tokens, and apart from them of bad ones."""

from __future__ import annotations

from dataclasses import dataclass

from deemster.model.clock import Clock
from deemster.model.decision import Reason
from deemster.tokens.token_cache import AcceptedToken

__all__ = ["IntrospectionCache", "Refusal"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a token is not accepted; `detail` is for the service log."""

    reason: Reason
    detail: str = ""


class IntrospectionCache:
    """Answers of one provider's endpoint.

    Key: SHA-256 of the whole token, the provider (one cache each). TTL: of an active token,
    `positive` seconds and never beyond its `exp`; of a refused one, `negative` seconds. Bound:
    `most_active` entries and `most_bytes` of answers, `most_refused` entries; the oldest goes
    first. Good and bad ones have a bound each: tokens that somebody makes up evict nobody's good
    token. Failure rule: an endpoint that gave no answer leaves everything as it was.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        positive: float = 30.0,
        negative: float = 5.0,
        most_active: int = 50_000,
        most_bytes: int = 64 * 2**20,
        most_refused: int = 10_000,
    ) -> None:
        self.positive = positive
        self.hits = 0
        self.misses = 0
        self._clock = clock
        self._negative = negative
        self._most_active = most_active
        self._most_bytes = most_bytes
        self._most_refused = most_refused
        self._bytes = 0
        self._active: dict[bytes, tuple[AcceptedToken, float, int]] = {}
        self._refused: dict[bytes, tuple[Refusal, float, float]] = {}

    def active(self, key: bytes) -> AcceptedToken | None:
        """A token that the endpoint called active, not longer ago than it may be."""
        found = self._active.get(key)
        if found is None:
            return None
        if self._clock.monotonic() >= found[1]:
            self.forget(key)
            return None
        self.hits += 1
        return found[0]

    def refused(self, key: bytes) -> Refusal | None:
        """Why the token was refused a moment ago; asked for one that is not `active`."""
        found = self._refused.get(key)
        if found is None or self._clock.monotonic() >= found[1]:
            self.misses += 1
            return None
        self.hits += 1
        return found[0]

    def was_refused(self, key: bytes) -> bool:
        """Whether the token was refused since the oldest answer that anybody may still keep.

        What another process keeps of such a token is older than our knowledge, and not believed.
        """
        found = self._refused.get(key)
        return found is not None and self._clock.monotonic() < found[2]

    def keep_active(self, key: bytes, accepted: AcceptedToken, size: int, within: float) -> None:
        """Keep for at most `within` seconds; `size` is that of the answer in bytes."""
        self.forget(key)
        self._refused.pop(key, None)
        seconds = min(self.positive, within)
        if seconds <= 0:
            return
        self._active[key] = (accepted, self._clock.monotonic() + seconds, size)
        self._bytes += size
        while len(self._active) > self._most_active or self._bytes > self._most_bytes:
            self.forget(next(iter(self._active)))

    def keep_refused(self, key: bytes, refusal: Refusal) -> None:
        """Keep for a moment, whatever was known before."""
        self.forget(key)
        self._refused.pop(key, None)
        now = self._clock.monotonic()
        self._refused[key] = (refusal, now + self._negative, now + self.positive)
        while len(self._refused) > self._most_refused:
            del self._refused[next(iter(self._refused))]

    def forget(self, key: bytes) -> None:
        """Of an active token."""
        found = self._active.pop(key, None)
        if found is not None:
            self._bytes -= found[2]

    def __len__(self) -> int:
        return len(self._active)
