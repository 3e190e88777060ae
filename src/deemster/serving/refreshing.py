"""Policies that change without a signal: a tree that is watched, bundles that are polled for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from deemster.app import Application
from deemster.telemetry.service_log import ServiceLog

__all__ = ["Refreshing"]

_AFTER_A_FAULT = 10.0


class Refreshing:
    """Refreshes whenever the application says that it is time, until it is ended."""

    def __init__(
        self, application: Application, refresh: Callable[[], Awaitable[object]], log: ServiceLog
    ) -> None:
        self._application = application
        self._refresh = refresh
        self._log = log
        self._going_on: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._going_on = asyncio.create_task(self._go_on())

    async def end(self) -> None:
        """Nothing is refreshed from here on."""
        if self._going_on is not None:
            self._going_on.cancel()
            await asyncio.wait((self._going_on,))

    async def _go_on(self) -> None:
        while True:
            try:
                await self._application.due()
                await self._refresh()
            except Exception as fault:  # noqa: BLE001  (the next time may be better)
                self._log.error("policies_not_refreshed", exc_info=fault)
                await asyncio.sleep(_AFTER_A_FAULT)
