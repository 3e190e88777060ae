"""`shared:` and `revocations:` ► what processes and replicas know together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deemster.model.clock import Clock
from deemster.settings.model import Settings
from deemster.settings.provider_model import VerifyingProviderSettings
from deemster.sharedstate.revocations import RevocationMirror
from deemster.tokens.revocation import RevocationCheck

if TYPE_CHECKING:
    from deemster.sharedstate.redis_store import RedisStore

__all__ = ["SharedState", "build_shared_state", "open_store"]


@dataclass(frozen=True, slots=True, eq=False)
class SharedState:
    """`store` is None where nothing is shared, `mirror` and `check` where nobody looks."""

    store: RedisStore | None
    mirror: RevocationMirror | None
    check: RevocationCheck | None

    async def start(self) -> None:
        """Read what was revoked, and go on reading."""
        if self.mirror is not None:
            await self.mirror.start()

    async def close(self) -> None:
        """Ask no more."""
        if self.mirror is not None:
            await self.mirror.close()
        if self.store is not None:
            await self.store.close()


def build_shared_state(
    settings: Settings, clock: Clock, on_change: Callable[[bool], None]
) -> SharedState:
    """Nothing is connected yet. Raises ConfigurationError."""
    store = open_store(settings, clock, on_change)
    revocable = frozenset(
        provider.id
        for provider in settings.token_providers
        if isinstance(provider, VerifyingProviderSettings) and provider.revocation_kept is not None
    )
    if store is None or not revocable:
        return SharedState(store, None, None)
    wanted = settings.revocations
    mirror = RevocationMirror(
        store,
        clock=clock,
        refresh=wanted.refresh,
        max_stale=wanted.max_stale,
        serve_stale=wanted.serve_stale,
    )
    return SharedState(store, mirror, RevocationCheck(mirror, revocable))


def open_store(
    settings: Settings, clock: Clock, on_change: Callable[[bool], None] = lambda _: None
) -> RedisStore | None:
    """The store of `shared:`, None without one. Raises ConfigurationError."""
    shared = settings.shared
    if shared is None:
        return None
    # Its library takes a tenth of a second, which nobody without a Redis needs.
    from deemster.sharedstate.redis_store import RedisStore

    return RedisStore(
        shared.url.reveal(),
        clock=clock,
        prefix=f"{shared.prefix}:{settings.environment}",
        timeout=shared.timeout,
        on_change=on_change,
    )
