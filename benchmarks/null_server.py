"""The null application on the decisions listener's own server: `null_server PORT ANSWER_FILE`."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from pathlib import Path

import uvloop

from benchmarks.null_app import null_application
from deemster.model.clock import SystemClock
from deemster.serving.decisions_server import DecisionsServer
from deemster.serving.protocol import ConnectionLimits
from deemster.serving.sockets import open_listener
from deemster.telemetry.metrics import ConnectionCounters


async def _serve(port: int, answer: bytes) -> None:
    listener, _ = open_listener("127.0.0.1", port, setting="port", share_port=False)
    server = DecisionsServer(
        null_application(answer),
        listener,
        limits=ConnectionLimits(
            connections=1024,
            header_bytes=96 * 1024,
            header_count=256,
            header_seconds=5.0,
            body_seconds=5.0,
            idle_seconds=75.0,
            answer_seconds=30.0,
        ),
        counters=ConnectionCounters(),
        clock=SystemClock(),
        new_id=lambda: secrets.token_hex(8),
    )
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await server.start()
    await stopping.wait()
    await server.stop(within=1.0)


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
