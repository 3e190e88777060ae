"""The null `Check` server on grpcio's asyncio server: `null_check_server PORT ANSWER_FILE`.

It reads the message as Envoy's API has it and answers a constant; nothing else happens.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import grpc
import uvloop
from envoy.service.auth.v3.external_auth_pb2 import CheckResponse
from envoy.service.auth.v3.external_auth_pb2_grpc import (
    AuthorizationServicer,
    add_AuthorizationServicer_to_server,
)


class NullAuthorization(AuthorizationServicer):  # type: ignore[misc]  # the library has no types
    """Says the same to everybody."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401
        self._answer = answer

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """As the API calls it."""
        return self._answer


async def _serve(port: int, answer: bytes) -> None:
    server = grpc.aio.server()
    servicer = NullAuthorization(CheckResponse.FromString(answer))
    add_AuthorizationServicer_to_server(servicer, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await server.start()
    await stopping.wait()
    await server.stop(1.0)


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
