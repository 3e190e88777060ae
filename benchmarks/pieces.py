"""Where a sideband call's time goes: the pieces alone, the whole in one process."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.served import prepare
from deemster.app import build_application
from deemster.gateways.adapter import WireRequest
from deemster.gateways.http_endpoint import HttpEndpoint
from deemster.gateways.http_envelope import EndpointLimits, check_envelope
from deemster.model.clock import SystemClock
from deemster.settings import load_settings
from deemster.telemetry.service_log import build_service_log

__all__ = ["PieceFigure", "measure_pieces"]

CALLS_A_ROUND = 100
ROUNDS = 200


@dataclass(frozen=True, slots=True)
class PieceFigure:
    """Microseconds: repeated by itself (best of many short rounds), and in turn (median).

    In turn the pieces follow each other as in a call, so that none finds the processor's caches
    full of itself.
    """

    piece: str
    alone_us: float
    in_turn_us: float


def measure_pieces(operations: int) -> list[PieceFigure]:
    """Each piece is repeated by itself, warm; the last figure is the whole."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), operations))


async def _measure(folder: Path, operations: int) -> list[PieceFigure]:
    prepared = prepare(folder, operations)
    clock = SystemClock()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    application = build_application(
        load_settings(prepared.settings, {}),
        clock=clock,
        log=build_service_log(sys.stderr, clock),
        stdout=nowhere,
    )
    await application.startup()
    endpoint = application.decisions
    if not isinstance(endpoint, HttpEndpoint):
        raise TypeError("the decisions application is not the endpoint")
    body = prepared.body
    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"client-token", prepared.secret.encode()),
    ]
    path = "/sideband/request"
    decided: Any = endpoint._exact[path.encode()]
    leg, decider = decided._adapter, decided._decider
    authenticator = endpoint._authenticator
    wire = WireRequest("POST", path, headers, body)
    caller = authenticator.authenticate(headers, leg.protocol)
    call = leg.decode(wire)
    decision = decider._decide(call, caller)
    if asyncio.iscoroutine(decision):
        decision = await decision
    if not decision.permitted:
        raise RuntimeError(f"the benchmark measures permits, not {decision.reason}")
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401
        pass

    limits = EndpointLimits(headers=None)
    recorder = decider._decisions._recorder
    pieces: list[tuple[str, Callable[[], object]]] = [
        ("framing of the envelope", lambda: check_envelope(headers, limits)),
        ("gateway's secret", lambda: authenticator.authenticate(headers, leg.protocol)),
        ("decode, duplicate members refused", lambda: leg.decode(wire)),
        ("decide", lambda: decider._decide(call, caller)),
        (
            "record, encoded and buffered",
            lambda: recorder.record(
                protocol="sideband", caller=caller, call=call, decision=decision, elapsed_us=5
            ),
        ),
        ("encode", lambda: leg.encode(call, decision)),
        ("the whole endpoint", lambda: endpoint(scope, receive, send)),
    ]
    gc.collect()
    gc.freeze()
    in_turn = await _in_turn([piece for _, piece in pieces])
    figures = [
        PieceFigure(name, await _best(piece), median_us)
        for (name, piece), median_us in zip(pieces, in_turn, strict=True)
    ]
    await application.shutdown(1.0)
    os.close(nowhere)
    return figures


async def _in_turn(pieces: Sequence[Callable[[], object]]) -> list[float]:
    spent: list[list[int]] = [[] for _ in pieces]
    for _ in range(CALLS_A_ROUND * ROUNDS):
        for times, piece in zip(spent, pieces, strict=True):
            started = time.perf_counter_ns()
            found = piece()
            if isinstance(found, Awaitable):
                await found
            times.append(time.perf_counter_ns() - started)
    return [median(times) / 1000 for times in spent]


async def _best(piece: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS_A_ROUND):
            found = piece()
            if isinstance(found, Awaitable):
                await found
        best = min(best, (time.perf_counter() - started) / CALLS_A_ROUND)
        await asyncio.sleep(0)
    return best * 1e6
