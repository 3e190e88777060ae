"""Calls that come at the same time are begun together, and none of them for another's sake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from deemster.gateways.arrivals import LONELY, MOST, ROUNDS, UNTRIED, Arrivals


async def in_rounds(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def numbered(order: list[int], number: int) -> Callable[[], int]:
    def begin() -> int:
        order.append(number)
        return number

    return begin


async def test_calls_of_several_rounds_are_begun_in_their_order_in_one_round() -> None:
    arrivals: Arrivals[int] = Arrivals()
    order: list[int] = []
    asked = []
    for number in range(5):
        asked.append(asyncio.create_task(arrivals.begun(numbered(order, number))))
        await in_rounds(2)
        assert order == []
    assert await asyncio.gather(*asked) == order == [0, 1, 2, 3, 4]


async def test_a_call_waits_for_so_many_rounds_and_no_more() -> None:
    arrivals: Arrivals[int] = Arrivals()
    order: list[int] = []
    asked = asyncio.create_task(arrivals.begun(numbered(order, 1)))
    await in_rounds(ROUNDS + 1)
    assert order == [1]
    assert await asked == 1


async def test_so_many_at_once_wait_for_nobody_else() -> None:
    arrivals: Arrivals[int] = Arrivals()
    order: list[int] = []
    asked = [asyncio.create_task(arrivals.begun(numbered(order, n))) for n in range(MOST)]
    await in_rounds(3)
    assert len(order) == MOST
    await asyncio.gather(*asked)


async def test_one_after_the_other_they_soon_wait_for_nothing_and_try_again_later() -> None:
    arrivals: Arrivals[int] = Arrivals()
    order: list[int] = []
    for number in range(LONELY):
        await arrivals.begun(numbered(order, number))
    order.clear()
    for number in range(UNTRIED):
        # At once: a coroutine that waits for nothing ends with its first step.
        with pytest.raises(StopIteration):
            arrivals.begun(numbered(order, number)).send(None)
    assert len(order) == UNTRIED
    asked = asyncio.create_task(arrivals.begun(numbered(order, UNTRIED)))
    await in_rounds(1)
    assert len(order) == UNTRIED
    await asked


@pytest.mark.parametrize(
    "failure", [RuntimeError("x"), MemoryError(), StopIteration(), asyncio.CancelledError()]
)
async def test_the_failure_of_one_is_no_failure_of_the_others(failure: BaseException) -> None:
    def fail() -> int:
        raise failure

    arrivals: Arrivals[int] = Arrivals()
    begun = [arrivals.begun(begin) for begin in (lambda: 1, fail, lambda: 3)]
    first, second, third = await asyncio.gather(*begun, return_exceptions=True)
    assert (first, third) == (1, 3)
    assert isinstance(second, BaseException)


async def test_who_leaves_is_not_begun_and_takes_nobody_along() -> None:
    arrivals: Arrivals[int] = Arrivals()
    order: list[int] = []
    asked = [asyncio.create_task(arrivals.begun(numbered(order, n))) for n in range(3)]
    await in_rounds(1)
    asked[1].cancel()
    assert (await asked[0], await asked[2]) == (0, 2)
    assert order == [0, 2]
