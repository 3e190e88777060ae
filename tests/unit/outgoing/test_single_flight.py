"""One question at a time for each key."""

from __future__ import annotations

import asyncio
import contextvars

from deemster.outgoing.single_flight import SingleFlight

CALLER: contextvars.ContextVar[str] = contextvars.ContextVar("CALLER", default="nobody")


async def test_callers_of_one_key_share_and_of_two_keys_do_not() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    started: list[str] = []

    async def answer(key: str) -> str:
        started.append(key)
        await asyncio.sleep(0)
        return key.upper()

    keys = ["a", "b", "a", "b", "a"]
    found = await asyncio.gather(*[flights.run(key, lambda key=key: answer(key)) for key in keys])  # type: ignore[misc] # bound early
    assert found == ["A", "B", "A", "B", "A"]
    assert started == ["a", "b"]


async def test_a_key_is_asked_again_once_the_answer_is_there() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    count = 0

    async def answer() -> int:
        nonlocal count
        count += 1
        return count

    assert [await flights.run("a", answer) for _ in range(2)] == [1, 2]


async def test_a_shared_question_runs_in_nobodys_context() -> None:
    flights: SingleFlight[str, str] = SingleFlight()

    async def caller() -> str:
        return CALLER.get()

    CALLER.set("alice")
    assert await flights.run("a", caller) == "nobody"


async def test_closing_ends_what_is_under_way() -> None:
    flights: SingleFlight[str, None] = SingleFlight()
    never = asyncio.Event()

    async def wait() -> None:
        await never.wait()

    waiting = asyncio.create_task(flights.run("a", wait))
    await asyncio.sleep(0)
    await flights.close()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
