"""Keys that a provider publishes: fetched once for many, kept through its outages."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

from deemster.errors import DependencyUnavailableError
from deemster.model.clock import Clock
from deemster.tokens.jose import VerificationKey
from deemster.tokens.keysets import KeyTable, parse_key_set

__all__ = ["COOL_DOWN", "MAX_STALE", "SOFT_TTL", "FetchedKeys", "KeyDocument", "RemoteKeySet"]

SOFT_TTL = 600.0
COOL_DOWN = 30.0
MAX_STALE = 86_400.0
LEAST_TTL = 60.0
MOST_UNKNOWN = 1024
_NEVER = float("-inf")


class FetchedKeys(NamedTuple):
    """A JWK set as published; `max_age`: seconds that its publisher says it is good for."""

    data: bytes
    max_age: float | None = None


class KeyDocument(Protocol):
    """Where the JWK set comes from: a URL, or discovery."""

    async def fetch(self) -> FetchedKeys:
        """The document. Raises DependencyUnavailableError."""
        ...


class RemoteKeySet:
    """One provider's published keys (`keysets.KeySet`).

    Cache: the whole set, replaced only by a set that was read to the end. Single flight. After
    `soft_ttl` seconds it is fetched anew in the background; an unknown key id asks for a fetch as
    well; both at most once in `cool_down` seconds, whatever the tokens say. Keys that are older
    than both together are not used before another fetch was tried. Where fetching fails the old
    keys serve on, for `max_stale` seconds at most.

    A publisher's `max-age` shortens the soft lifetime, to a minute at the least. An id that a
    fetch did not find is not asked for again for two cool-downs; MOST_UNKNOWN of them are kept.
    """

    def __init__(
        self,
        name: str,
        document: KeyDocument,
        *,
        clock: Clock,
        soft_ttl: float = SOFT_TTL,
        cool_down: float = COOL_DOWN,
        max_stale: float = MAX_STALE,
        on_keys: Callable[[KeyTable], None] = lambda _: None,
    ) -> None:
        """`name` is shown where the keys cannot be had; `on_keys` is told of each other set."""
        self.generation = 0
        self._name = name
        self._document = document
        self._clock = clock
        self._soft_ttl = soft_ttl
        self._cool_down = cool_down
        self._max_stale = max_stale
        self._on_keys = on_keys
        self._good_for = soft_ttl
        self._unknown: dict[str, float] = {}
        self.fetches = 0
        self.failures = 0
        self._table: KeyTable | None = None
        self._digest = b""
        self._loaded_at = _NEVER
        self._attempted_at = _NEVER
        self._due_at = _NEVER
        self._fetching: asyncio.Task[None] | None = None
        self.last_failure: str | None = None

    @property
    def age(self) -> float | None:
        """Seconds since the keys were last fetched with success; None: never."""
        return None if self._loaded_at == _NEVER else self._age

    @property
    def refresh_due(self) -> bool:
        """True when the soft lifetime is over and the cool-down allows another fetch."""
        return self._clock.monotonic() >= self._due_at

    @property
    def dropped(self) -> tuple[str, ...]:
        """Why some published keys are not used."""
        return self._table.dropped if self._table is not None else ()

    def key_at_hand(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        """As `keysets.KeySet`: where `key_for` would neither fetch nor wait."""
        if self.refresh_due or self._age > self._good_for + self._cool_down:
            return None
        return self._choose(key_id, algorithm)

    @property
    def asks_nobody(self) -> bool:
        """As `keysets.KeySet`: keys are here, another fetch is not due, and none is allowed yet."""
        now = self._clock.monotonic()
        return (
            self._table is not None
            and self._fetching is None
            and now < self._due_at
            and now - self._loaded_at <= min(self._good_for + self._cool_down, self._max_stale)
            and now - self._attempted_at < self._cool_down
        )

    async def key_for(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        """As `keysets.KeySet`: waits for a fetch only where no key at hand fits."""
        if self.refresh_due:
            self._start()
        # Nobody asked for long: what was taken back meanwhile must not be believed first.
        if self._age > self._good_for + self._cool_down:
            await self._refreshed()
        key = self._choose(key_id, algorithm)
        if key is None and not self._is_unknown(key_id) and await self._refreshed():
            key = self._choose(key_id, algorithm)
            if key is None and key_id is not None:
                self._remember_unknown(key_id)
        if self._table is None:
            raise DependencyUnavailableError(self._name, detail=self.last_failure or "")
        return key

    async def close(self) -> None:
        """Cancel a fetch under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _is_unknown(self, key_id: str | None) -> bool:
        until = None if key_id is None else self._unknown.get(key_id)
        return until is not None and self._clock.monotonic() < until

    def _remember_unknown(self, key_id: str) -> None:
        if len(self._unknown) >= MOST_UNKNOWN:
            self._unknown.clear()
        self._unknown[key_id] = self._clock.monotonic() + 2 * self._cool_down

    @property
    def _age(self) -> float:
        return self._clock.monotonic() - self._loaded_at

    def _choose(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        self._forget_if_too_old()
        return None if self._table is None else self._table.choose(key_id, algorithm)

    async def _refreshed(self) -> bool:
        """Wait for the fetch under way, or for a new one where the cool-down allows it."""
        cooled = self._clock.monotonic() - self._attempted_at >= self._cool_down
        if self._fetching is None and cooled:
            self._start()
        if self._fetching is None:
            return False
        # One caller that gives up must not end the fetch that the others wait for.
        await asyncio.shield(self._fetching)
        return True

    def _start(self) -> None:
        if self._fetching is not None:
            return
        now = self._clock.monotonic()
        self._attempted_at = now
        self._due_at = now + self._cool_down
        # An empty context: the fetch belongs to no single caller, so it logs as none of them.
        self._fetching = asyncio.create_task(self._fetch(), context=contextvars.Context())

    async def _fetch(self) -> None:
        try:
            self.fetches += 1
            found = await self._document.fetch()
            table = parse_key_set(found.data)
        except Exception as error:  # noqa: BLE001 - a failed fetch is remembered, never raised
            self.failures += 1
            detail = error.detail if isinstance(error, DependencyUnavailableError) else str(error)
            self.last_failure = detail or type(error).__name__
            self._forget_if_too_old()
        else:
            self._good_for = self._lifetime(found.max_age)
            self._take(table, hashlib.sha256(found.data).digest())
        finally:
            self._fetching = None

    def _lifetime(self, max_age: float | None) -> float:
        return self._soft_ttl if max_age is None else min(max(max_age, LEAST_TTL), self._soft_ttl)

    def _take(self, table: KeyTable, digest: bytes) -> None:
        now = self._clock.monotonic()
        self._loaded_at = now
        self._due_at = now + self._good_for
        self.last_failure = None
        if self._table is None or digest != self._digest:
            self._table, self._digest = table, digest
            self._unknown.clear()
            self.generation += 1
            self._on_keys(table)

    def _forget_if_too_old(self) -> None:
        if self._age > self._max_stale and self._table is not None:
            self._table, self._digest = None, b""
            self.generation += 1
