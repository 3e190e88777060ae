"""A real gRPC client of the ext_authz listener, as `deemster serve` serves it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from deemster.gateways.ext_authz_grpc import CHECK
from deemster.serving.grpc_server import GrpcServer
from tests.support.ext_authz import Checked, GrpcDesk
from tests.support.gateway_calls import SECRET

__all__ = ["channel_to", "say"]


@asynccontextmanager
async def channel_to(desk: GrpcDesk) -> AsyncIterator[Any]:
    """Any: the library has no types."""
    server = GrpcServer(desk.endpoint, "127.0.0.1", 0, metadata_bytes=96 * 1024, setting="test")
    await server.start()
    options = [("grpc.max_send_message_length", -1)]
    try:
        async with grpc.aio.insecure_channel(str(server.address), options=options) as channel:
            yield channel
    finally:
        await server.stop(1.0)


async def say(
    channel: Any,  # noqa: ANN401
    message: bytes,
    *,
    secret: str = SECRET,
    method: str = CHECK,
) -> Checked:
    """Raises grpc.aio.AioRpcError for any status but OK."""
    call = channel.unary_unary(method)
    return Checked(await call(message, metadata=(("client-token", secret),), timeout=20))
