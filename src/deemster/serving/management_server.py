"""The management listener: a Starlette application on Hypercorn, in the same event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.applications import Starlette

__all__ = ["ManagementServer"]

READ_SECONDS = 10
HEADER_BYTES = 16 * 1024


class ManagementServer:
    """Serves the management application on one socket."""

    def __init__(
        self,
        app: Starlette,
        listener: socket.socket,
        *,
        on_failure: Callable[[BaseException | None], None],
    ) -> None:
        """`on_failure` is called where the listener ends without having been stopped."""
        self._app = app
        self._listener = listener
        self._on_failure = on_failure
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to accept connections."""
        config = Config()
        # Hypercorn owns and closes the descriptor from here on.
        config.bind = [f"fd://{self._listener.detach()}"]
        config.accesslog = None
        config.errorlog = logging.getLogger("hypercorn.error")
        config.include_server_header = False
        # Its defaults wait for ever and take much (facts/security.md 0.6).
        config.read_timeout = READ_SECONDS
        config.keep_alive_timeout = READ_SECONDS
        config.h11_max_incomplete_size = HEADER_BYTES
        config.graceful_timeout = 1.0
        config.websocket_max_message_size = 1
        self._task = asyncio.create_task(
            serve(self._app, config, shutdown_trigger=self._stopping.wait)  # type: ignore[arg-type]
        )
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not self._stopping.is_set() and not task.cancelled():
            self._on_failure(task.exception())

    async def stop(self, within: float) -> None:
        """End; after `within` seconds by force (Hypercorn's own bound does not always hold)."""
        self._stopping.set()
        if self._task is None:
            self._listener.close()
            return
        done, _ = await asyncio.wait((self._task,), timeout=within)
        if not done:
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
