"""SIGHUP: settings, policies, secret files, certificates as they are now, all of them or none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from deemster.app import Application
from deemster.settings import Settings

__all__ = ["Reloading", "Renewable"]


class Renewable(Protocol):
    """A listener whose TLS is renewed without ending its connections."""

    def prepare_tls(self) -> None:
        """Read the files anew and change nothing. Raises ConfigurationError."""
        ...

    async def renew_tls(self) -> None:
        """Let new connections meet what `prepare_tls` read."""
        ...


class Reloading:
    """Reloads one service, one reload after the other."""

    def __init__(
        self,
        application: Application,
        listeners: Sequence[Renewable],
        reread: Callable[[], Settings] | None = None,
    ) -> None:
        """`reread` reads the settings; without it they stay what they are."""
        self._application = application
        self._listeners = listeners
        self._under_way = asyncio.Lock()
        self._reread = reread

    async def reload(self, reread: Callable[[], Settings] | None = None) -> bool:
        """Take everything as it is now; else (False) the log and `/ready` say why, and nothing
        changed.

        Policies that do not lie beside the settings are asked for afterwards, and taken or not by
        themselves. `reread` in place of the one that this was made with.
        """
        # INVARIANT: no other reload prepares between this one's preparing and taking.
        async with self._under_way:
            taken = await self._application.reload(self._prepare, reread or self._reread)
            if taken:
                for listener in self._listeners:
                    await listener.renew_tls()
        if not self._application.policies_beside_settings:
            await self._application.refresh()
        return taken

    def _prepare(self) -> None:
        for listener in self._listeners:
            listener.prepare_tls()
