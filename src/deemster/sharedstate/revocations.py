"""Which tokens are not to be believed any more, and a copy of that in each process.

`deemster revoke` ► the shared store ► RevocationMirror, once a second ► every decision, at once

An entry is about one provider and names a token (`jti`), or a subject or a session (`sub`, `sid`)
with the moment up to which its tokens were issued.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from deemster.errors import DependencyUnavailableError
from deemster.model.clock import Clock

__all__ = [
    "KINDS",
    "Revocation",
    "RevocationMirror",
    "RevocationStore",
    "read_revocations",
    "remove_revocation",
    "write_revocation",
]

Kind = Literal["jti", "sub", "sid"]
KINDS: tuple[Kind, ...] = ("jti", "sub", "sid")

MOST_ENTRIES = 200_000
LONGEST_VALUE = 1024


class Revocation(msgspec.Struct, frozen=True):
    """`before` and `until` in epoch seconds: tokens issued up to `before`; kept until `until`."""

    provider: str
    kind: Kind
    value: str
    before: float
    until: float
    reason: str = ""


class RevocationStore(Protocol):
    """Where revocations are kept. Every method may raise DependencyUnavailableError."""

    async def revoked_version(self) -> int:
        """Another number whenever something changed."""
        ...

    async def revoked_entries(self) -> dict[bytes, bytes]:
        """Field ► entry."""
        ...

    async def change_revoked(self, put: dict[bytes, bytes], removed: list[bytes]) -> None:
        """Both at once."""
        ...


async def read_revocations(store: RevocationStore, now: float) -> list[Revocation]:
    """Those in force, in order of provider, kind and value.

    Raises DependencyUnavailableError, also for entries that cannot be read: what was revoked must
    not be believed because somebody else wrote into the store.
    """
    found = []
    for octets in (await store.revoked_entries()).values():
        try:
            entry = _DECODER.decode(octets)
        except msgspec.MsgspecError:
            raise DependencyUnavailableError("revocations", detail="an entry is none") from None
        if entry.until > now:
            found.append(entry)
    if len(found) > MOST_ENTRIES:
        raise DependencyUnavailableError("revocations", detail="there are too many")
    return sorted(found, key=lambda entry: (entry.provider, entry.kind, entry.value))


async def write_revocation(store: RevocationStore, entry: Revocation, now: float) -> None:
    """Put it in place of an earlier one about the same, and drop those that have ended."""
    ended = []
    for field, octets in (await store.revoked_entries()).items():
        try:
            if _DECODER.decode(octets).until <= now:
                ended.append(field)
        except msgspec.MsgspecError:
            continue
    field = _field(entry.provider, entry.kind, entry.value)
    removed = [other for other in ended if other != field]
    await store.change_revoked({field: _ENCODER.encode(entry)}, removed)


async def remove_revocation(store: RevocationStore, provider: str, kind: Kind, value: str) -> bool:
    """Whether there was one."""
    field = _field(provider, kind, value)
    if field not in await store.revoked_entries():
        return False
    await store.change_revoked({}, [field])
    return True


class RevocationMirror:
    """What this process knows of revocations, asked by every decision and never waited for.

    Asks the store for its version every `refresh` seconds and for everything where that changed.
    What was known stays in force when the store is lost; that nothing new was revoked is believed
    for `max_stale` seconds, and then only if `serve_stale`.
    """

    def __init__(
        self,
        store: RevocationStore,
        *,
        clock: Clock,
        refresh: float,
        max_stale: float,
        serve_stale: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._refresh = refresh
        self._max_stale = max_stale
        self._serve_stale = serve_stale
        self._entries: dict[tuple[str, str, str], float] = {}
        self._version: int | None = None
        # INVARIANT: nothing was looked at before the first full reading.
        self._good_until = -1.0
        self._refreshed_at: float | None = None
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Entries that are known."""
        return len(self._entries)

    @property
    def age(self) -> float | None:
        """Seconds since the store was last asked with success; None: never."""
        at = self._refreshed_at
        return None if at is None else max(0.0, self._clock.monotonic() - at)

    def is_revoked(
        self, provider: str, claims: Mapping[str, object], issued_at: float | None
    ) -> bool:
        """Whether a token with these claims was revoked.

        Raises DependencyUnavailableError where nobody can tell any more.
        """
        if self._clock.monotonic() > self._good_until and not (
            self._serve_stale and self._refreshed_at is not None
        ):
            raise DependencyUnavailableError("revocations", detail="they are too old")
        if not self._entries:
            return False
        for kind in KINDS:
            value = claims.get(kind)
            if isinstance(value, str):
                before = self._entries.get((provider, kind, value))
                # A token that does not say when it was issued may be an old one.
                if before is not None and (
                    kind == "jti" or issued_at is None or issued_at <= before
                ):
                    return True
        return False

    async def start(self) -> None:
        """Read everything once, if that is possible, and go on reading."""
        await self.refresh()
        self._task = asyncio.create_task(self._keep_reading())

    async def refresh(self) -> bool:
        """Whether the store could be asked."""
        asked_at = self._clock.monotonic()
        try:
            version = await self._store.revoked_version()
            if version != self._version:
                entries = await read_revocations(self._store, self._clock.wall())
                # Kept until it has ended, and by then no token that it is about is good.
                self._entries = {
                    (entry.provider, entry.kind, entry.value): entry.before for entry in entries
                }
                self._version = version
        except DependencyUnavailableError:
            return False
        self._refreshed_at = asked_at
        self._good_until = asked_at + self._max_stale
        return True

    async def close(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(self._refresh)
            await self.refresh()


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Revocation)


def _field(provider: str, kind: Kind, value: str) -> bytes:
    # Ids have no blanks; what follows the second one is the value, whatever it holds.
    return f"{provider} {kind} {value}".encode("utf-8", "surrogatepass")
