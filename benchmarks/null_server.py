"""The null application: `null_server SERVER PORT ANSWER_FILE`.

SERVER: `decisions` and `hypercorn` are the two servers that Deemster runs on, with its limits;
`uvicorn` is uvicorn as it comes, with uvloop and httptools.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from pathlib import Path

import uvicorn
import uvloop
from starlette.types import ASGIApp

from benchmarks.null_app import null_application
from deemster.model.clock import SystemClock
from deemster.serving.decisions_server import DecisionsServer
from deemster.serving.hypercorn_server import HypercornServer
from deemster.serving.protocol import ConnectionLimits
from deemster.serving.sockets import open_listener
from deemster.telemetry.metrics import ConnectionCounters

LIMITS = ConnectionLimits(
    connections=1024,
    header_bytes=96 * 1024,
    header_count=256,
    header_seconds=5.0,
    body_seconds=5.0,
    idle_seconds=75.0,
    answer_seconds=30.0,
)


def _server(name: str, app: ASGIApp, port: int) -> DecisionsServer | HypercornServer:
    listener, _ = open_listener("127.0.0.1", port, setting="port", share_port=False)
    counters = ConnectionCounters()
    if name == "hypercorn":
        return HypercornServer(app, listener, limits=LIMITS, counters=counters, new_id=_new_id)
    return DecisionsServer(
        app, listener, limits=LIMITS, counters=counters, clock=SystemClock(), new_id=_new_id
    )


def _new_id() -> str:
    return secrets.token_hex(8)


async def _serve(server: DecisionsServer | HypercornServer) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await server.start()
    await stopping.wait()
    await server.stop(within=1.0)


def main() -> None:
    """Until it is told to stop."""
    name, port, answer = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).read_bytes()
    app = null_application(answer)
    if name == "uvicorn":
        uvicorn.run(
            app,
            host="127.0.0.1",
            port=port,
            loop="uvloop",
            http="httptools",
            lifespan="off",
            log_level="error",
            access_log=False,
        )
    else:
        uvloop.run(_serve(_server(name, app, port)))


if __name__ == "__main__":
    main()
