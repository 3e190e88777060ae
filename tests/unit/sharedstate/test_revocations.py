"""The copy of revocations in a process: complete or refused, and never older than it may be."""

from __future__ import annotations

import pytest

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import VerifiedClaims
from deemster.sharedstate.revocations import (
    Kind,
    Revocation,
    RevocationMirror,
    read_revocations,
    remove_revocation,
    write_revocation,
)
from deemster.tokens.revocation import RevocationCheck
from tests.support.clock import FROZEN_AT as NOW
from tests.support.clock import FrozenClock


class Store:
    """A RevocationStore in memory that can be lost."""

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.version = 0
        self.lost = False
        self.full_readings = 0

    async def revoked_version(self) -> int:
        self._look()
        return self.version

    async def revoked_entries(self) -> dict[bytes, bytes]:
        self._look()
        self.full_readings += 1
        return dict(self.entries)

    async def change_revoked(self, put: dict[bytes, bytes], removed: list[bytes]) -> None:
        self._look()
        self.entries |= put
        for field in removed:
            del self.entries[field]
        self.version += 1

    def _look(self) -> None:
        if self.lost:
            raise DependencyUnavailableError("the shared store")


def an_entry(kind: Kind = "jti", value: str = "t-1", **changes: float) -> Revocation:
    times = {"before": NOW, "until": NOW + 3600} | changes
    return Revocation("staff", kind, value, times["before"], times["until"])


class Desk:
    def __init__(self, *, serve_stale: bool = False) -> None:
        self.clock = FrozenClock()
        self.store = Store()
        self.mirror = RevocationMirror(
            self.store, clock=self.clock, refresh=1.0, max_stale=60.0, serve_stale=serve_stale
        )

    async def revoke(self, entry: Revocation) -> None:
        await write_revocation(self.store, entry, self.clock.wall())

    def revoked(self, issued_at: float | None = NOW - 10, **claims: object) -> bool:
        return self.mirror.is_revoked("staff", claims, issued_at)


async def test_a_token_is_revoked_by_its_identifier() -> None:
    desk = Desk()
    await desk.revoke(an_entry())
    await desk.mirror.refresh()
    assert desk.revoked(jti="t-1")
    assert desk.revoked(jti="t-1", issued_at=NOW + 100)
    assert not desk.revoked(jti="t-2")
    assert not desk.revoked()
    assert not desk.mirror.is_revoked("another", {"jti": "t-1"}, NOW)


@pytest.mark.parametrize("kind", ["sub", "sid"])
@pytest.mark.parametrize(
    ("issued_at", "revoked"), [(NOW - 1, True), (NOW, True), (NOW + 1, False), (None, True)]
)
async def test_tokens_issued_until_then_are_revoked_and_later_ones_are_not(
    kind: Kind, issued_at: float | None, revoked: bool
) -> None:
    desk = Desk()
    await desk.revoke(an_entry(kind, "x"))
    await desk.mirror.refresh()
    assert desk.revoked(issued_at, **{kind: "x"}) is revoked


async def test_a_claim_that_is_no_text_names_nothing() -> None:
    desk = Desk()
    await desk.revoke(an_entry("sid", "7"))
    await desk.mirror.refresh()
    assert not desk.revoked(sid=7)


async def test_before_the_first_reading_nobody_can_tell() -> None:
    for serve_stale in (False, True):
        desk = Desk(serve_stale=serve_stale)
        desk.store.lost = True
        assert await desk.mirror.refresh() is False
        with pytest.raises(DependencyUnavailableError, match="revocations"):
            desk.revoked(jti="t-1")


async def test_what_was_known_stays_in_force_and_ends_with_its_freshness() -> None:
    desk = Desk()
    await desk.revoke(an_entry())
    await desk.mirror.refresh()
    desk.store.lost = True
    desk.clock.advance(60)
    await desk.mirror.refresh()
    assert desk.revoked(jti="t-1")
    assert not desk.revoked(jti="t-2")
    desk.clock.advance(0.001)
    for jti in ("t-1", "t-2"):
        with pytest.raises(DependencyUnavailableError):
            desk.revoked(jti=jti)
    desk.store.lost = False
    await desk.mirror.refresh()
    assert desk.revoked(jti="t-1")


async def test_where_it_is_so_written_what_was_known_serves_on() -> None:
    desk = Desk(serve_stale=True)
    await desk.revoke(an_entry())
    await desk.mirror.refresh()
    desk.store.lost = True
    desk.clock.advance(100_000)
    assert desk.revoked(jti="t-1")
    assert not desk.revoked(jti="t-2")


async def test_everything_is_read_only_after_a_change() -> None:
    desk = Desk()
    await desk.revoke(an_entry())
    before = desk.store.full_readings
    for _ in range(5):
        await desk.mirror.refresh()
    assert desk.store.full_readings == before + 1
    await desk.revoke(an_entry("sub", "alice"))
    await desk.mirror.refresh()
    assert desk.revoked(sub="alice")
    assert await remove_revocation(desk.store, "staff", "sub", "alice")
    await desk.mirror.refresh()
    assert not desk.revoked(sub="alice")
    assert not await remove_revocation(desk.store, "staff", "sub", "alice")


async def test_ended_entries_are_dropped_by_the_next_writer() -> None:
    desk = Desk()
    await desk.revoke(an_entry(until=NOW + 1))
    desk.clock.advance(2)
    assert await read_revocations(desk.store, desk.clock.wall()) == []
    await desk.revoke(an_entry("sub", "alice"))
    assert len(desk.store.entries) == 1


async def test_an_entry_that_nobody_can_read_is_no_reason_to_believe() -> None:
    desk = Desk()
    desk.store.entries[b"staff jti t-9"] = b"{"
    assert await desk.mirror.refresh() is False
    with pytest.raises(DependencyUnavailableError):
        desk.revoked(jti="t-1")


def claims(provider: str = "staff", **members: object) -> VerifiedClaims:
    return VerifiedClaims(
        provider=provider,
        claims=members,
        scopes=frozenset(),
        user_id=None,
        client_id=None,
        asserted=False,
    )


@pytest.mark.catalogue("J20", "I1")
async def test_only_tokens_of_providers_with_revocation_are_looked_up() -> None:
    desk = Desk()
    await desk.revoke(an_entry())
    await desk.mirror.refresh()
    check = RevocationCheck(desk.mirror, {"staff"})
    with pytest.raises(TokenRejectedError) as caught:
        check.check(claims(jti="t-1", iat=int(NOW)))
    assert caught.value.reason is Reason.TOKEN_REVOKED
    check.check(claims(jti="t-2", iat=int(NOW)))
    check.check(claims("partners", jti="t-1"))
