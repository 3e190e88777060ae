"""Published keys: one fetch for many, a cool-down, and old keys through an outage."""

from __future__ import annotations

import asyncio

import pytest

from deemster.errors import DependencyUnavailableError
from deemster.tokens.remote_keys import MOST_UNKNOWN, FetchedKeys, RemoteKeySet
from tests.support.clock import FrozenClock
from tests.support.keys import key_document, signing_key
from tests.support.scale import scaled

ONE, TWO = signing_key("ES256"), signing_key("ES256", "two")


class Publisher:
    """A document that changes, fails or hangs as told, and counts its fetches."""

    def __init__(self, document: bytes | Exception) -> None:
        self.document = document
        self.fetches = 0
        self.max_age: float | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self) -> FetchedKeys:
        self.fetches += 1
        await self.gate.wait()
        if isinstance(self.document, Exception):
            raise self.document
        return FetchedKeys(self.document, self.max_age)


def down() -> DependencyUnavailableError:
    return DependencyUnavailableError("identity provider", detail="status 500")


def keys_of(publisher: Publisher, clock: FrozenClock) -> RemoteKeySet:
    return RemoteKeySet("keys of bizpro", publisher, clock=clock)


async def found(keys: RemoteKeySet, key_id: str = "ES256-one") -> bool:
    return await keys.key_for(key_id, "ES256") is not None


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_keys_are_fetched_once_and_then_at_hand(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    assert keys.refresh_due
    assert [await found(keys) for _ in range(3)] == [True] * 3
    assert (publisher.fetches, keys.generation, keys.refresh_due) == (1, 1, False)


async def test_a_key_is_at_hand_only_while_nobody_has_to_be_asked(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)

    def at_hand(key_id: str = "ES256-one") -> bool:
        return keys.key_at_hand(key_id, "ES256") is not None

    assert not at_hand()
    assert not keys.asks_nobody
    assert await found(keys)
    assert at_hand()
    assert not at_hand("another")
    # The fetch was just now: another id is in vain, until the cool-down is over.
    assert keys.asks_nobody
    clock.advance(30)
    assert not keys.asks_nobody
    publisher.gate.clear()
    asking = asyncio.create_task(found(keys, "another"))
    await settle()
    assert not keys.asks_nobody
    publisher.gate.set()
    assert not await asking
    assert keys.asks_nobody
    # Another fetch is due: whoever asks begins it.
    clock.advance(601)
    assert not at_hand()
    publisher.document = down()
    assert await found(keys)
    await settle()
    # It failed, and the cool-down allows no other yet: the keys serve on.
    assert at_hand()
    assert keys.asks_nobody
    clock.advance(90_000)
    assert not at_hand()
    assert not keys.asks_nobody
    assert publisher.fetches == 3


@pytest.mark.catalogue("K1")
async def test_two_hundred_callers_share_one_fetch(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    publisher.gate.clear()
    keys = keys_of(publisher, clock)
    callers = [asyncio.create_task(found(keys)) for _ in range(200)]
    await settle()
    publisher.gate.set()
    assert all(await asyncio.gather(*callers))
    assert publisher.fetches == 1


async def test_a_caller_that_gives_up_does_not_end_the_fetch_of_the_others(
    clock: FrozenClock,
) -> None:
    publisher = Publisher(key_document(ONE))
    publisher.gate.clear()
    keys = keys_of(publisher, clock)
    first, second = (asyncio.create_task(found(keys)) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    publisher.gate.set()
    assert await second
    assert publisher.fetches == 1


@pytest.mark.catalogue("K3")
async def test_a_new_key_is_fetched_when_first_seen(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    await found(keys)
    publisher.document = key_document(ONE, TWO)
    clock.advance(30)
    assert await found(keys, "ES256-two")
    assert (publisher.fetches, keys.generation) == (2, 2)


@pytest.mark.catalogue("K1")
async def test_unknown_key_ids_cost_one_fetch_in_a_cool_down(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    await found(keys)
    flood = scaled(10_000)
    for number in range(flood):
        assert not await found(keys, f"random-{number}")
    assert publisher.fetches == 1
    clock.advance(30)
    for number in range(flood):
        assert not await found(keys, f"random-{number}")
    assert publisher.fetches == 2
    assert await found(keys)


@pytest.mark.catalogue("K1", "K2")
async def test_a_failing_publisher_is_asked_once_in_a_cool_down_and_loses_no_key(
    clock: FrozenClock,
) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    await found(keys)
    publisher.document = down()
    for _ in range(20):
        clock.advance(29)
        assert await found(keys)
        assert not await found(keys, "random")
    assert publisher.fetches <= 1 + 20 * 29 // 30
    assert keys.generation == 1
    assert keys.last_failure == "status 500"


@pytest.mark.catalogue("K1")
@pytest.mark.parametrize("garbage", [b"", b"<html>", b'{"keys":1}', b"\xff" * 10])
async def test_garbage_does_not_replace_good_keys(clock: FrozenClock, garbage: bytes) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    await found(keys)
    publisher.document = garbage
    clock.advance(601)
    assert await found(keys)
    await settle()
    assert await found(keys)
    assert (publisher.fetches, keys.generation) == (2, 1)


async def test_old_keys_are_renewed_without_making_anyone_wait(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    await found(keys)
    clock.advance(600)
    publisher.gate.clear()
    assert keys.refresh_due
    assert await found(keys)
    assert not keys.refresh_due
    await settle()
    assert publisher.fetches == 2
    await keys.close()


@pytest.mark.catalogue("K2", "K3")
async def test_a_removed_key_stops_working_once_the_keys_are_renewed(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE, TWO))
    keys = keys_of(publisher, clock)
    assert await found(keys, "ES256-two")
    publisher.document = key_document(ONE)
    clock.advance(600)
    await found(keys)
    await settle()
    assert not await found(keys, "ES256-two")
    assert keys.generation == 2


async def test_the_same_document_again_is_no_new_generation(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    await found(keys)
    clock.advance(600)
    await found(keys)
    await settle()
    assert (publisher.fetches, keys.generation) == (2, 1)


@pytest.mark.catalogue("K2")
async def test_keys_are_not_believed_for_ever(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    await found(keys)
    publisher.document = down()
    clock.advance(86_300)
    assert await found(keys)
    await settle()
    clock.advance(200)
    with pytest.raises(DependencyUnavailableError, match="keys of bizpro"):
        await found(keys)
    assert keys.generation == 2


async def test_after_a_long_silence_newer_keys_are_asked_for_first(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    assert await found(keys)
    publisher.document = key_document(TWO)
    clock.advance(631)
    assert not await found(keys)
    assert publisher.fetches == 2


async def test_keys_that_were_never_had_are_unavailable_and_come_back(clock: FrozenClock) -> None:
    publisher = Publisher(down())
    keys = keys_of(publisher, clock)
    for _ in range(3):
        with pytest.raises(DependencyUnavailableError, match="keys of bizpro is unavailable"):
            await found(keys)
    assert publisher.fetches == 1
    publisher.document = key_document(ONE)
    clock.advance(30)
    assert await found(keys)


async def test_a_fault_of_the_publisher_is_unavailability_too(clock: FrozenClock) -> None:
    keys = keys_of(Publisher(RuntimeError("client closed")), clock)
    with pytest.raises(DependencyUnavailableError):
        await found(keys)


async def test_an_empty_key_set_takes_every_key_away(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    await found(keys)
    publisher.document = key_document()
    clock.advance(600)
    await found(keys)
    await settle()
    assert not await found(keys)
    assert keys.generation == 2


@pytest.mark.catalogue("K3")
async def test_an_id_that_was_not_found_is_not_asked_for_again_soon(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    assert await found(keys)
    clock.advance(30)
    assert not await found(keys, "ES256-two")
    assert publisher.fetches == 2
    publisher.document = key_document(ONE, TWO)
    clock.advance(31)
    assert not await found(keys, "ES256-two")
    assert publisher.fetches == 2
    clock.advance(30)
    assert await found(keys, "ES256-two")
    assert publisher.fetches == 3


@pytest.mark.catalogue("K3")
async def test_an_id_that_another_fetch_brings_is_known_at_once(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    assert not await found(keys, "ES256-two")
    publisher.document = key_document(ONE, TWO)
    clock.advance(31)
    assert not await found(keys, "no-such-key")
    assert await found(keys, "ES256-two")


@pytest.mark.catalogue("K1")
async def test_ids_that_were_not_found_are_bounded(clock: FrozenClock) -> None:
    publisher = Publisher(key_document(ONE))
    keys = keys_of(publisher, clock)
    for number in range(2 * MOST_UNKNOWN + 10):
        assert not await found(keys, f"kid-{number}")
        clock.advance(30)
    assert len(keys._unknown) <= MOST_UNKNOWN


@pytest.mark.parametrize(
    ("max_age", "good_for"), [(None, 600), (300.0, 300), (0.0, 60), (5.0, 60), (1e9, 600)]
)
async def test_a_publishers_max_age_counts_within_bounds(
    clock: FrozenClock, max_age: float | None, good_for: int
) -> None:
    publisher = Publisher(key_document(ONE))
    publisher.max_age = max_age
    keys = keys_of(publisher, clock)
    assert await found(keys)
    clock.advance(good_for - 0.001)
    assert not keys.refresh_due
    clock.advance(0.001)
    assert keys.refresh_due
