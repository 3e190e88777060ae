"""The management listener: a Starlette application, in the same event loop as decisions."""

from __future__ import annotations

import socket
from collections.abc import Callable

from starlette.applications import Starlette

from deemster.serving.hypercorn_server import HypercornServer
from deemster.serving.protocol import ConnectionLimits
from deemster.serving.tls import ListenerTls
from deemster.telemetry.metrics import ConnectionCounters

__all__ = ["ManagementServer"]

LIMITS = ConnectionLimits(
    connections=256,
    header_bytes=16 * 1024,
    header_count=100,
    header_seconds=10.0,
    body_seconds=10.0,
    idle_seconds=10.0,
    answer_seconds=10.0,
)


class ManagementServer(HypercornServer):
    """Serves the management application on one socket; its connections are not counted."""

    def __init__(
        self,
        app: Starlette,
        listener: socket.socket,
        *,
        new_id: Callable[[], str],
        tls: ListenerTls | None = None,
    ) -> None:
        super().__init__(
            app,
            listener,
            limits=LIMITS,
            counters=ConnectionCounters(),
            new_id=new_id,
            tls=tls,
        )
