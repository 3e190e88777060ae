"""The workers of a supervisor: started, asked, restarted when they die, ended.

A process without a number stands by, its modules loaded, for that is most of what a start takes.
A worker that dies is started again at once, and more slowly the more often that happens: much more
slowly only where it does not come to serve. One that does not answer for HUNG_SECONDS is killed,
and so is started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import pickle
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from deemster.model.clock import Clock
from deemster.policyfeed.given_feed import SharedPolicies
from deemster.serving.control import Control
from deemster.settings import Settings
from deemster.telemetry.service_log import ServiceLog

__all__ = ["Crew", "WorkerFailedError"]

START_SECONDS = 60.0
"""What a worker may take until it serves: imports, a large tree, directories that are warmed up."""
HUNG_SECONDS = 30.0
ASK_SECONDS = 1.0
RELOAD_SECONDS = 60.0
FIRST_DELAY = 0.1
MOST_DELAY = 5.0
MOST_DELAY_OF_SERVING = 0.2
"""Before a worker that did serve is replaced: with its start, less than two seconds. Half of the
service being away for longer costs more than the starts do, which take one core's time at most."""
STEADY_SECONDS = 1.0
"""A worker that served for this long died of something new."""


_Process = tuple[asyncio.subprocess.Process, Control]


class WorkerFailedError(Exception):
    """A worker could not begin to serve; the text says why."""


class _Worker:
    """One process. Made by `_started`."""

    def __init__(self, number: int, process: asyncio.subprocess.Process, control: Control) -> None:
        self.number = number
        self.process = process
        self.began = 0.0
        self.revision: str | None = None
        self._control = control
        self._ids = itertools.count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any] | None]] = {}
        self._hearing: asyncio.Task[None] | None = None

    async def serves(self) -> None:
        """Once it does. Raises WorkerFailedError."""
        async with asyncio.timeout(START_SECONDS):
            told = await self._control.receive()
        if told is None:
            raise WorkerFailedError("it ended at once")
        if told["kind"] != "started":
            raise WorkerFailedError(told["why"])
        self.revision = told["revision"]
        self._hearing = asyncio.create_task(self._hear())

    async def ask(
        self,
        kind: str,
        within: float,
        policies: SharedPolicies | None = None,
        settings: Settings | None = None,
    ) -> dict[str, Any] | None:
        """Its answer; None where there is none in time. `policies` and `settings` are its own from
        here on.
        """
        number = next(self._ids)
        answer: asyncio.Future[dict[str, Any] | None]
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within):
                given = None if policies is None else pickle.dumps((policies, settings))
                await self._control.send(
                    {"kind": kind, "id": number, "policies": given is not None}, given
                )
                told = await answer
        except TimeoutError:
            return None
        finally:
            del self._asked[number]
        if told is not None:
            self.revision = told["revision"]
        return told

    async def end(self, within: float) -> None:
        """Let it finish what is in hand; after `within` seconds it is killed."""
        self._control.close()
        try:
            async with asyncio.timeout(within):
                await self.process.wait()
        except TimeoutError:
            self.kill()
            await self.process.wait()

    def kill(self) -> None:
        """At once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)

    async def _hear(self) -> None:
        while (told := await self._control.receive()) is not None:
            waiting = self._asked.get(told["id"])
            if waiting is not None and not waiting.done():
                waiting.set_result(told)
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_result(None)


class Crew:
    """As many workers as the settings want. `on_gone(number)` is told of each that ends."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        log: ServiceLog,
        on_gone: Callable[[int], None],
        policies: SharedPolicies,
    ) -> None:
        """`settings` with the ports that the workers share: none is 0. `policies` have files."""
        self._settings = settings
        self._clock = clock
        self._log = log
        self._on_gone = on_gone
        self._workers: dict[int, _Worker] = {}
        self._keeping: list[asyncio.Task[None]] = []
        self._lock = tempfile.TemporaryFile()  # noqa: SIM115  (open for as long as the crew)
        self._reloaded = False
        self._policies = policies
        self.restarts = 0
        self._spare: asyncio.Task[_Process] | None = None

    @property
    def wanted(self) -> int:
        """How many there should be."""
        return self._settings.listeners.decisions.workers

    @property
    def serving(self) -> Sequence[int]:
        """The numbers of those that serve."""
        return sorted(self._workers)

    @property
    def revisions(self) -> frozenset[str | None]:
        """Of the policies that any of them serves."""
        return frozenset([worker.revision for worker in self._workers.values()])

    async def start(self) -> None:
        """All of them serve. Raises WorkerFailedError; then none does."""
        numbers = range(1, self.wanted + 1)
        try:
            async with asyncio.TaskGroup() as starting:
                for number in numbers:
                    starting.create_task(self._start(number))
        except* (WorkerFailedError, TimeoutError) as failed:
            await self.end(0.0)
            raise WorkerFailedError(str(failed.exceptions[0]) or "it took too long") from None
        self._keeping = [asyncio.create_task(self._keep(number)) for number in numbers]
        self._stand_by()

    async def ask_all(self, kind: str, within: float = ASK_SECONDS) -> dict[int, dict[str, Any]]:
        """The answers of those that answer in time."""
        workers = list(self._workers.values())
        answers = await asyncio.gather(*[worker.ask(kind, within) for worker in workers])
        return {
            worker.number: answer
            for worker, answer in zip(workers, answers, strict=True)
            if answer is not None
        }

    async def reload(self, policies: SharedPolicies, settings: Settings) -> list[str]:
        """One after the other, so that most of them decide at any time; what went wrong.

        Of `settings` what may change at run time is taken.
        """
        self._settings = replace(
            self._settings,
            gateways=settings.gateways,
            # Where the operator has none, workers share one that was drawn.
            state_keys=settings.state_keys or self._settings.state_keys,
        )
        # Who starts from now on takes secrets as their files have them then.
        self._reloaded = True
        self._policies = policies
        return await self._told_to("reload", policies, self._settings)

    async def refresh(self, policies: SharedPolicies) -> list[str]:
        """The same of policies alone, and how old they are."""
        self._policies = policies
        return await self._told_to("refresh", policies)

    async def _told_to(
        self, kind: str, policies: SharedPolicies, settings: Settings | None = None
    ) -> list[str]:
        refused = []
        for number in self.serving:
            worker = self._workers.get(number)
            if worker is None:
                continue
            # What it serves already is not handed over, and not compiled, again.
            has_them = worker.revision == policies.revision
            given = policies.without_files if has_them else policies
            told = await worker.ask(kind, RELOAD_SECONDS, given, settings)
            # One that died meanwhile starts with what is there now.
            if told is not None and told["degraded"] is not None:
                refused.append(f"worker {number}: {told['degraded']}")
        return refused

    async def end(self, within: float) -> None:
        """No worker is left; each may take `within` seconds."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        await self._dismiss_spare()
        await asyncio.gather(*[worker.end(within) for worker in self._workers.values()])
        self._workers.clear()
        self._lock.close()

    async def _start(self, number: int) -> None:
        given = self._policies
        worker = await self._launched(number)
        try:
            await worker.serves()
        except BaseException:
            worker.kill()
            await worker.process.wait()
            raise
        worker.began = self._clock.monotonic()
        self._workers[number] = worker
        if self._policies is not given:
            # They changed while it started, when nobody could tell it.
            await worker.ask("refresh", RELOAD_SECONDS, self._policies)

    async def _launched(self, number: int) -> _Worker:
        process, control = await self._process_at_hand()
        given = (number, self._settings, self._reloaded, self._policies)
        await control.send_octets(pickle.dumps(given))
        return _Worker(number, process, control)

    async def _process_at_hand(self) -> _Process:
        """The one that stands by, or a new one."""
        spare, self._spare = self._spare, None
        if spare is not None:
            process, control = await spare
            if process.returncode is None:
                return process, control
            control.close()
        return await self._process()

    def _stand_by(self) -> None:
        """Another one takes its place: once a worker serves, for loading takes a core a second."""
        if self._spare is None:
            self._spare = asyncio.create_task(self._process())

    async def _dismiss_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is None:
            return
        with contextlib.suppress(Exception):
            process, control = await spare
            control.close()
            process.kill()
            await process.wait()

    async def _process(self) -> _Process:
        """A process that loads its modules and waits to be told who it is."""
        ours, theirs = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "deemster.serving.worker", str(theirs.fileno()), str(self._lock.fileno())),
                pass_fds=(theirs.fileno(), self._lock.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return process, await Control.over(ours)

    async def _keep(self, number: int) -> None:
        """There is a worker of this number, always."""
        delay = FIRST_DELAY
        while True:
            worker = self._workers[number]
            await self._ended_or_hung(worker)
            lived = self._clock.monotonic() - worker.began
            del self._workers[number]
            self._on_gone(number)
            self._log.error(
                "worker_ended", worker=number, status=worker.process.returncode, lived=round(lived)
            )
            delay = FIRST_DELAY if lived >= STEADY_SECONDS else min(delay, MOST_DELAY_OF_SERVING)
            while number not in self._workers:
                await asyncio.sleep(delay)
                delay = min(2 * delay, MOST_DELAY)
                self.restarts += 1
                try:
                    await self._start(number)
                except (WorkerFailedError, TimeoutError, OSError) as error:
                    self._log.error("worker_not_started", worker=number, reason=str(error))
            self._stand_by()
            self._log.info("worker_restarted", worker=number)

    async def _ended_or_hung(self, worker: _Worker) -> None:
        ended = asyncio.ensure_future(worker.process.wait())
        try:
            while not ended.done():
                await asyncio.wait((ended,), timeout=HUNG_SECONDS / 3)
                if not ended.done() and await worker.ask("alive", HUNG_SECONDS) is None:
                    worker.kill()
        finally:
            ended.cancel()
