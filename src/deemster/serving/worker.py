"""One of several processes that decide: `python -m deemster.serving.worker CONTROL LOCK`.

The supervisor starts it, gives it the settings and asks it for figures; it listens on a port that
all workers share, and has no management listener. Without a supervisor it ends.
"""

from __future__ import annotations

import asyncio
import pickle
import signal
import socket
import sys
from typing import Any

import uvloop
from prometheus_client import CollectorRegistry

from deemster import __version__
from deemster.app import Application, build_application
from deemster.errors import ConfigurationError, PolicyError, SelfTestFailedError
from deemster.model.clock import Clock, SystemClock
from deemster.serving.control import Control
from deemster.serving.lifecycle import (
    FLUSH_SECONDS,
    SettledMemory,
    end_deciding,
    make_room_for_connections,
)
from deemster.serving.listeners import Deciding, open_deciding
from deemster.serving.reloading import Reloading
from deemster.settings import Settings
from deemster.telemetry.merging import told_families
from deemster.telemetry.metrics import register_figures
from deemster.telemetry.service_log import ServiceLog, adopt_standard_logging, build_service_log

__all__ = ["main"]


def main(control: int, lock: int) -> None:
    """Decide until the supervisor says that it is enough, or is gone.

    `control`: descriptor of the socket to the supervisor; `lock`: of a file to lock while writing
    to the standard output that all workers share.
    """
    for ignored in (signal.SIGINT, signal.SIGHUP):
        # A terminal sends them to every process; the supervisor says what is to be done.
        signal.signal(ignored, signal.SIG_IGN)
    clock = SystemClock()
    log = build_service_log(sys.stderr, clock)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(socket.socket(fileno=control), lock, clock, log))


async def _work(end: socket.socket, lock: int, clock: Clock, log: ServiceLog) -> None:
    control = await Control.over(end)
    octets = await control.receive_octets()
    if octets is None:
        return
    # From the process that started this one, over a socket that nobody else has: the settings
    # hold secrets, which belong neither into arguments nor into the environment.
    number, settings, reloaded, policies = pickle.loads(octets)  # noqa: S301
    log = log.bind(worker=number)
    adopt_standard_logging(log)
    make_room_for_connections(settings.limits.connections, log)
    application = build_application(
        settings,
        clock=clock,
        log=log,
        after_load=SettledMemory(clock).settle,
        stdout_lock=lock,
        given=policies,
    )
    try:
        await application.startup()
        if reloaded:
            await _take_what_is_there_now(application)
        deciding = open_deciding(settings, application, clock, share_port=True)
    except (ConfigurationError, PolicyError, SelfTestFailedError) as error:
        # The supervisor checked the same: what is wrong now has changed since.
        await application.shutdown(FLUSH_SECONDS)
        await control.send({"kind": "failed", "why": error.message})
        return
    except BaseException:
        await application.shutdown(FLUSH_SECONDS)
        raise
    await _serve(_Worker(application, deciding, control))
    await end_deciding(application, deciding)
    await application.shutdown(FLUSH_SECONDS)


async def _take_what_is_there_now(application: Application) -> None:
    """Secrets as the others have them: the settings are those of the service's start."""
    if not await application.reload():
        raise ConfigurationError(application.status().degraded or "a reload was refused")


async def _serve(worker: _Worker) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await worker.deciding.start()
    await worker.control.send({"kind": "started", "revision": worker.revision})
    asked = asyncio.ensure_future(worker.answer_until_told_to_end())
    waiting = asyncio.ensure_future(ended.wait())
    await asyncio.wait((asked, waiting), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    waiting.cancel()


class _Worker:
    """Answers the supervisor."""

    def __init__(self, application: Application, deciding: Deciding, control: Control) -> None:
        self.deciding = deciding
        self.control = control
        self._given: Settings | None = None
        self._application = application
        self._reloading = Reloading(application, deciding.renewable)
        self._registry = CollectorRegistry(auto_describe=False)
        register_figures(self._registry, application.figures, __version__)

    @property
    def revision(self) -> str | None:
        """Of the policies that serve."""
        return self._application.status().revision

    async def answer_until_told_to_end(self) -> None:
        """One message after the other; a supervisor that is gone asks for an end, too."""
        while True:
            asked = await self.control.receive()
            if asked is None or asked["kind"] == "end":
                return
            if asked.get("policies"):
                octets = await self.control.receive_octets()
                if octets is None:
                    return
                # From the supervisor, as the first settings.
                policies, self._given = pickle.loads(octets)  # noqa: S301
                self._application.give_policies(policies)
            await self.control.send({"id": asked["id"], **await self._answer(asked["kind"])})

    async def _answer(self, kind: str) -> dict[str, Any]:
        if kind == "reload":
            given = self._given
            await self._reloading.reload(None if given is None else lambda: given)
        elif kind == "refresh":
            await self._application.refresh()
        told: dict[str, Any] = {
            "kind": kind,
            "revision": self.revision,
            "degraded": self._application.status().degraded,
        }
        if kind == "report":
            told["families"] = told_families(self._registry)
        return told


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
