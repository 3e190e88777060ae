"""The store that processes share, with a real Redis: asked, frozen, gone and back."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from deemster.errors import ConfigurationError, DependencyUnavailableError
from deemster.model.clock import SystemClock
from deemster.sharedstate.redis_store import RedisStore
from deemster.sharedstate.revocations import Revocation, RevocationMirror, write_revocation
from tests.support.parts import Parts
from tests.support.redis import RedisServer, redis_server

CLOCK = SystemClock()


@pytest.fixture
def server(parts: Parts, tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(parts, tmp_path) as running:
        yield running


def a_store(server: RedisServer, **changes: object) -> RedisStore:
    facts: dict[str, object] = {"clock": CLOCK, "prefix": "deemster:test", "timeout": 2.0}
    return RedisStore(server.url, **(facts | changes))  # type: ignore[arg-type]


async def test_what_was_used_once_is_not_used_again_by_anybody(server: RedisServer) -> None:
    one, two = a_store(server), a_store(server)
    assert await one.first_use("a", CLOCK.wall() + 60) is True
    assert await two.first_use("a", CLOCK.wall() + 60) is False
    assert await two.first_use("b", CLOCK.wall() + 60) is True
    await one.close()
    await two.close()


async def test_another_prefix_is_another_service(server: RedisServer) -> None:
    one, two = a_store(server), a_store(server, prefix="deemster:other")
    assert await one.first_use("a", CLOCK.wall() + 60) is True
    assert await two.first_use("a", CLOCK.wall() + 60) is True
    await one.close()
    await two.close()


async def test_of_many_at_once_one_is_first(server: RedisServer) -> None:
    stores = [a_store(server) for _ in range(4)]
    for number in range(20):
        found = await asyncio.gather(
            *[
                store.first_use(f"key {number}", CLOCK.wall() + 60)
                for store in stores
                for _ in range(10)
            ]
        )
        assert found.count(True) == 1
    for store in stores:
        await store.close()


def _uses(url: str, answers: multiprocessing.Queue[bool]) -> None:
    async def use() -> None:
        store = RedisStore(url, clock=CLOCK, prefix="deemster:test", timeout=5.0)
        for number in range(100):
            answers.put(await store.first_use(f"k{number}", CLOCK.wall() + 60))
        await store.close()

    asyncio.run(use())


@pytest.mark.slow
@pytest.mark.catalogue("D8")
def test_two_processes_take_each_proof_once_among_them(server: RedisServer) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes = [context.Process(target=_uses, args=(server.url, answers)) for _ in range(2)]
    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in range(200)]
    for process in processes:
        process.join(10)
    assert found.count(True) == 100


async def test_an_entry_ends_when_it_could_not_be_taken_any_more(server: RedisServer) -> None:
    store = a_store(server)
    now = CLOCK.wall()
    assert await store.first_use("short", now) is True
    assert await store.first_use("short", now) is False
    await asyncio.sleep(1.3)
    assert await store.first_use("short", now) is True
    await store.close()


@pytest.mark.catalogue("D3")
async def test_a_store_that_is_gone_refuses_proofs_and_keeps_no_answers(
    server: RedisServer,
) -> None:
    changes: list[bool] = []
    store = a_store(server, on_change=changes.append)
    await store.put("answer", b"yes", 60)
    assert await store.get("answer") == b"yes"
    server.stop()
    with pytest.raises(DependencyUnavailableError, match="the shared store"):
        await store.first_use("a", CLOCK.wall() + 60)
    assert await store.get("answer") is None
    await store.put("answer", b"yes", 60)
    assert not store.works
    server.start()
    assert await store.first_use("a", CLOCK.wall() + 60) is True
    assert await store.get("answer") is None
    assert store.works
    assert changes == [False, True]
    await store.close()


async def test_a_store_that_hangs_costs_its_timeout_and_no_more(server: RedisServer) -> None:
    store = a_store(server, timeout=0.2)
    assert await store.first_use("a", CLOCK.wall() + 60) is True
    server.freeze()
    try:
        async with asyncio.timeout(5):
            waiting = [store.first_use(f"{n}", CLOCK.wall() + 60) for n in range(100)]
            found = await asyncio.gather(*waiting, return_exceptions=True)
    finally:
        server.thaw()
    assert all(isinstance(one, DependencyUnavailableError) for one in found)
    for _ in range(50):
        try:
            assert await store.first_use("b", CLOCK.wall() + 60) is True
            break
        except DependencyUnavailableError:
            await asyncio.sleep(0.1)
    else:
        pytest.fail("it did not come back")
    assert await store.first_use("a", CLOCK.wall() + 60) is False
    await store.close()


async def test_a_store_without_room_refuses_proofs(parts: Parts, tmp_path: Path) -> None:
    with redis_server(parts, tmp_path, "--maxmemory", "1", "--maxmemory-policy", "noeviction") as (
        full
    ):
        store = a_store(full)
        with pytest.raises(DependencyUnavailableError):
            await store.first_use("a", CLOCK.wall() + 60)
        await store.close()


async def test_a_wrong_password_is_no_answer(parts: Parts, tmp_path: Path) -> None:
    with redis_server(parts, tmp_path) as server:
        store = RedisStore(
            f"{server.url}?username=nobody&password=wrong",
            clock=CLOCK,
            prefix="x",
            timeout=2.0,
        )
        with pytest.raises(DependencyUnavailableError):
            await store.first_use("a", CLOCK.wall() + 60)
        await store.close()


async def test_answers_end_and_are_bounded(server: RedisServer) -> None:
    store = a_store(server)
    await store.put("short", b"x", 0.2)
    await store.put("none", b"x", 0.0)
    await store.put("large", b"x" * 70_000, 60)
    assert await store.get("short") == b"x"
    assert await store.get("none") is None
    assert await store.get("large") is None
    await asyncio.sleep(0.3)
    assert await store.get("short") is None
    await store.close()


async def test_revocations_reach_every_mirror(server: RedisServer) -> None:
    writer, reader = a_store(server), a_store(server)
    mirror = RevocationMirror(reader, clock=CLOCK, refresh=0.05, max_stale=60.0)
    await mirror.start()
    now = CLOCK.wall()
    hostile = "a b:*\r\n\0é"
    await write_revocation(writer, Revocation("staff", "sub", hostile, now, now + 60), now)
    for _ in range(100):
        if mirror.is_revoked("staff", {"sub": hostile}, now - 1):
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("it was not seen")
    assert not mirror.is_revoked("staff", {"sub": "a"}, now - 1)
    await mirror.close()
    await writer.close()
    await reader.close()


def test_a_url_of_something_else_is_explained() -> None:
    with pytest.raises(ConfigurationError, match=r"shared.url"):
        RedisStore("http://x", clock=CLOCK, prefix="x", timeout=1.0)


@pytest.mark.parametrize("steps", range(8))
async def test_a_call_that_is_cancelled_ends_there(server: RedisServer, steps: int) -> None:
    store = a_store(server)
    await store.revoked_version()
    call = asyncio.create_task(store.revoked_version())
    for _ in range(steps):
        await asyncio.sleep(0)
    asked = call.cancel()
    await asyncio.wait([call], timeout=5)
    # What had ended before cannot be cancelled any more.
    assert call.cancelled() is asked
    assert await store.revoked_version() == 0
    await store.close()
