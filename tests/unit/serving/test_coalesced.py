"""Signals that come faster than reloads are done do not queue up."""

from __future__ import annotations

import asyncio

import pytest

from deemster.serving.coalesced import Coalesced
from deemster.serving.lifecycle import SETTLED_EVERY, SettledMemory
from tests.support.clock import FrozenClock


class Job:
    def __init__(self) -> None:
        self.begun = 0
        self.goes_on = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        await self.goes_on.wait()


async def test_all_who_ask_while_it_runs_share_one_more_run() -> None:
    job = Job()
    once = Coalesced(job)
    first = asyncio.create_task(once())
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(once()) for _ in range(100)]
    await asyncio.sleep(0.01)
    assert job.begun == 1
    job.goes_on.set()
    await asyncio.gather(first, *others)
    assert job.begun == 2


async def test_whoever_gives_up_ends_nobody_elses_run() -> None:
    job = Job()
    once = Coalesced(job)
    patient, impatient = asyncio.create_task(once()), asyncio.create_task(once())
    await asyncio.sleep(0.01)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    job.goes_on.set()
    await patient
    assert job.begun == 1


async def test_a_run_that_fails_is_told_to_those_who_asked_and_not_to_later_ones() -> None:
    runs = iter([ValueError("no"), None])

    async def job() -> None:
        failure = next(runs)
        if failure is not None:
            raise failure

    once = Coalesced(job)
    with pytest.raises(ValueError, match="no"):
        await once()
    await once()


async def test_memory_is_settled_at_once_then_once_for_many_loads() -> None:
    clock, settled = FrozenClock(), 0

    def settle() -> None:
        nonlocal settled
        settled += 1

    memory = SettledMemory(clock, settle)
    memory.settle()
    assert settled == 1
    for _ in range(50):
        clock.advance(0.02)
        memory.settle()
    assert settled == 1
    assert memory._timer is not None
    assert 0 < memory._timer.when() - asyncio.get_running_loop().time() <= SETTLED_EVERY
    clock.advance(SETTLED_EVERY)
    memory.settle()
    assert settled == 2
