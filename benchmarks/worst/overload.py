"""More calls than can be answered: what comes of those that are, of the others, and afterwards.

Capacity is set by tokens that are verified every time: each call has another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from array import array
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

import uvloop

from benchmarks.issuing import Issuer
from benchmarks.worst.open_loop import Heard, OpenLoop, percentile
from benchmarks.worst.plan import Worst
from benchmarks.worst.service import (
    Served,
    accepted,
    figure_of,
    looked_in,
    overloaded,
    requests,
    served,
)

__all__ = ["measure_overload"]

LIMITS = "{connections: 4096}"
TIMES = (0.5, 1.0, 1.5, 2.0, 4.0, 10.0)
CROWD = 3
"""Times as many connections."""
GATEWAYS_PATIENCE = 0.05


def measure_overload(plan: Worst, folder: Path) -> str:
    """Its part of the page."""
    return uvloop.run(_measure(plan, folder))


async def _measure(plan: Worst, folder: Path) -> str:
    with ExitStack() as stack:
        issuer = Issuer(folder)
        tokens = issuer.pool("ES256", "s2.op10.read", plan.tokens).read_text().split()
        of = served(stack, folder / "overload", issuer, f"limits: {LIMITS}\n")
        client = _client(of, tokens, plan.connections)
        await client.open()
        capacity = await _capacity(client, plan.seconds)
        print(f"overload: capacity {capacity:,.0f} calls/s", flush=True)
        lines = [
            await _at(of, client, times, capacity, plan.seconds, plan.connections)
            for times in TIMES
        ]
        recovery = await _recovery(client, capacity, plan.seconds)
        await client.close()
        crowd = _client(of, tokens, CROWD * plan.connections)
        await crowd.open()
        lines += [
            await _at(of, crowd, times, capacity, plan.seconds, CROWD * plan.connections)
            for times in (2.0, 10.0)
        ]
        await crowd.close()
        slow = await _beside_slow_clients(plan, of, tokens, capacity)
        return _TEXT.format(
            seconds=plan.seconds,
            capacity=f"{capacity:,.0f}",
            limits=LIMITS,
            head=_HEAD,
            table="\n".join(lines),
            recovery=recovery,
            slow=slow,
        )


def _client(of: Served, tokens: Sequence[str], connections: int) -> OpenLoop:
    return OpenLoop(
        of.port,
        requests(of, [*tokens]),
        connections=connections,
        patience=GATEWAYS_PATIENCE,
        accepted=accepted,
        refused=overloaded,
    )


async def _at(
    of: Served, client: OpenLoop, times: float, capacity: float, seconds: float, connections: int
) -> str:
    with looked_in(of) as looks:
        heard = await client.run(capacity * times, seconds)
    line = f"| {connections:,} {_line(capacity, heard, looks)}"
    print(f"overload: {line}", flush=True)
    if heard.wrong:
        raise RuntimeError(f"{heard.wrong} answers are wrong")
    return line


async def _capacity(client: OpenLoop, seconds: float) -> float:
    """Right answers a second where more is asked, but not so much that refusing takes its share."""
    rate = 1_000.0
    while True:
        heard = await client.run(rate, min(seconds, 2.0))
        if heard.goodput < 0.95 * rate or percentile(heard.accepted, 0.5) > 0.03:
            return heard.goodput
        rate *= 1.1 if rate > 4_000 else 1.5


def _line(capacity: float, heard: Heard, looks: Sequence[float]) -> str:
    def ms(values: array[float], share: float) -> str:
        return f"{percentile(values, share) * 1000:.1f}" if values else ""

    return (
        f"| {heard.offered_rate / capacity:.1f} | {heard.offered_rate:,.0f} "
        f"| {heard.goodput:,.0f} | {heard.goodput / capacity:.0%} "
        f"| {ms(heard.accepted, 0.5)} | {ms(heard.accepted, 0.99)} | {ms(heard.accepted_in, 0.99)} "
        f"| {heard.refusals:,.0f} | {ms(heard.refused, 0.5)} | {ms(heard.refused, 0.99)} "
        f"| {heard.given_up / heard.seconds:,.0f} | {heard.wrong + heard.broken} "
        f"| {looks[1] * 1000:.1f} of {looks[0]:,.0f}, {looks[3]:.0f} failed |"
    )


async def _recovery(client: OpenLoop, capacity: float, seconds: float) -> str:
    """How long after an overload ends calls are answered as fast as before it."""
    before = await client.run(capacity * 0.5, seconds)
    usual = percentile(before.accepted, 0.99)
    await client.run(capacity * 3, seconds)
    after = await client.run(capacity * 0.5, seconds)
    tenths: dict[int, array[float]] = {}
    for at, took in zip(after.accepted_at, after.accepted, strict=True):
        tenths.setdefault(int(at * 10), array("d")).append(took)
    slow = [tenth for tenth, took in tenths.items() if percentile(took, 0.9) > usual]
    ends = (max(slow) + 1) / 10 if slow else 0.0
    return (
        f"After {seconds:g} s at three times capacity and back to half of it: after "
        f"{ends:.1f} s nine of ten answers of each tenth of a second come within what was the "
        f"99th percentile before ({usual * 1000:.1f} ms); "
        f"{len(after.refused)} calls were refused, {after.given_up} given up"
    )


async def _beside_slow_clients(
    plan: Worst, of: Served, tokens: Sequence[str], capacity: float
) -> str:
    rate = capacity * 0.5
    client = _client(of, tokens, 64)
    await client.open()
    alone = await client.run(rate, plan.seconds)
    closed = figure_of(of, "deemster_connections_closed_total")
    slow = [_a_slow_one(of.port, number) for number in range(plan.slow)]
    dawdling = asyncio.create_task(_dawdle(slow))
    await asyncio.sleep(1.0)
    began = perf_counter()
    beside = await client.run(rate, max(plan.seconds, 8.0))
    spent = perf_counter() - began
    held = figure_of(of, "deemster_connections")
    ended = figure_of(of, "deemster_connections_closed_total") - closed
    dawdling.cancel()
    await asyncio.gather(dawdling, return_exceptions=True)
    for one in slow:
        one.close()
    await client.close()
    if beside.wrong or alone.wrong:
        raise RuntimeError("answers are wrong")
    return (
        f"{plan.slow:,} slow clients for {spent:.0f} s (a third says nothing, a third sends its "
        f"header and a third its body at two octets a second), beside "
        f"{rate:,.0f} calls/s of others: p99 {percentile(beside.accepted, 0.99) * 1000:.1f} ms, "
        f"alone {percentile(alone.accepted, 0.99) * 1000:.1f} ms; p50 "
        f"{percentile(beside.accepted, 0.5) * 1000:.2f} and "
        f"{percentile(alone.accepted, 0.5) * 1000:.2f} ms; {len(beside.accepted):,} right, "
        f"{beside.wrong} wrong, {len(beside.refused)} refused, {beside.broken} broken; "
        f"{ended:,.0f} of the slow ones were ended, {held:,.0f} connections were open at the end"
    )


def _a_slow_one(port: int, number: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port))
    one.setblocking(False)  # noqa: FBT003 - positional in the library
    if number % 3 == 1:
        one.send(b"POST /sideband/request HTTP/1.1\r\nHost: a\r\nX: ")
    elif number % 3 == 2:
        one.send(b"POST /sideband/request HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n{")
    return one


async def _dawdle(slow: Sequence[socket.socket]) -> None:
    while True:
        for number, one in enumerate(slow):
            if number % 3:
                with contextlib.suppress(OSError):
                    one.send(b"a")
            if number % 100 == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0.5)


_TEXT = """## Overload

A client of its own offers calls at their times, whatever became of those before, for {seconds:g} s
each. Times are counted from when a call was due, its wait for a connection included; a gateway
gives up a call that gets no connection within 50 ms. Each call has a token that the service has not
seen (ES256). Service on one core, client on the other; `limits: {limits}`, else the defaults.
Capacity, {capacity} calls a second, is what is answered where half of the answers still come within
30 ms. Management shares the loop of the one worker; of several workers it has a process of its own.

{head}
{table}

{recovery}.

{slow}.
"""
_HEAD = (
    "| connections | times capacity | offered/s | right/s | of capacity | p50 ms | p99 ms "
    "| p99 from when it was sent, ms | refused/s | p50 ms | p99 ms | given up/s "
    "| wrong or broken | management, p99 ms |\n" + "|---:" * 14 + "|"
)
