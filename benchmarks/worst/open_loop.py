"""An open-loop client: calls are due at their times, whatever became of those before.

A client that waits for an answer before it asks again slows down with the service, and its figures
leave out what the service made wait (coordinated omission). Here each call has its time, and what
is measured is from that time to its answer, its wait for a connection included.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

__all__ = ["Heard", "OpenLoop", "percentile"]

TICK = 0.001


@dataclass(slots=True)
class Heard:
    """What came of one load. Times in seconds; `at`: when a call was due, from the beginning."""

    seconds: float
    offered: int = 0
    given_up: int = 0
    broken: int = 0
    """Connections that ended under a call."""
    wrong: int = 0
    """Answers that are neither what was asked for nor a refusal of an overloaded service."""
    accepted: array[float] = field(default_factory=lambda: array("d"))
    accepted_at: array[float] = field(default_factory=lambda: array("d"))
    accepted_in: array[float] = field(default_factory=lambda: array("d"))
    """From when it was sent, in the order of `accepted`."""
    refused: array[float] = field(default_factory=lambda: array("d"))
    """From when it was sent."""

    @property
    def offered_rate(self) -> float:
        """Calls that were due, a second."""
        return self.offered / self.seconds

    @property
    def goodput(self) -> float:
        """Right answers a second."""
        return len(self.accepted) / self.seconds

    @property
    def refusals(self) -> float:
        """Refusals a second."""
        return len(self.refused) / self.seconds


class OpenLoop:
    """`requests` over so many connections; a call waits for a free one, `patience` s at most."""

    def __init__(
        self,
        port: int,
        requests: Iterator[bytes],
        *,
        connections: int,
        patience: float,
        accepted: Callable[[bytes], bool],
        refused: Callable[[bytes], bool],
    ) -> None:
        self._port = port
        self._requests = requests
        self._patience = patience
        self.accepted, self.refused = accepted, refused
        self._free: deque[_Connection] = deque()
        self._open: set[_Connection] = set()
        self._closing = False
        self._wanted = connections
        self._due: deque[float] = deque()
        self._heard = Heard(1.0)
        self._began = 0.0

    async def open(self) -> None:
        """Connect all of them, some at a time."""
        loop = asyncio.get_running_loop()
        for start in range(0, self._wanted, 64):
            some = range(start, min(start + 64, self._wanted))
            await asyncio.gather(
                *[
                    loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
                    for _ in some
                ]
            )

    async def run(self, rate: float, seconds: float) -> Heard:
        """Offer `rate` calls a second; what is under way at the end is waited for."""
        heard = self._heard = Heard(seconds)
        self._began = began = perf_counter()
        due = 0
        total = int(rate * seconds)
        while due < total:
            now = perf_counter() - began
            while due < total and due / rate <= now:
                self._due.append(began + due / rate)
                due += 1
            heard.offered = due
            self._pump()
            await asyncio.sleep(TICK)
        ends = perf_counter() + self._patience + 1.0
        while (self._due or len(self._free) < self._wanted) and perf_counter() < ends:
            self._pump()
            await asyncio.sleep(0.005)
        return heard

    async def close(self) -> None:
        """Let go of the connections."""
        self._closing = True
        for connection in [*self._open]:
            connection.end()
        for _ in range(100):
            if self._open:
                await asyncio.sleep(0.01)

    def _pump(self) -> None:
        now = perf_counter()
        while self._due and now - self._due[0] > self._patience:
            self._due.popleft()
            self._heard.given_up += 1
        while self._due and self._free:
            self._free.popleft().ask(self._due.popleft(), next(self._requests))

    def opened(self, connection: _Connection) -> None:
        """One more."""
        self._open.add(connection)
        self.take(connection)

    def take(self, connection: _Connection) -> None:
        """One that may ask; it does at once where a call is due."""
        self._free.append(connection)
        if self._due:
            self._pump()

    def hear(self, due: float, sent: float, answer: bytes) -> None:
        """An answer, `due` being when it was to be asked for, `sent` when it was."""
        now = perf_counter()
        if self.accepted(answer):
            self._heard.accepted.append(now - due)
            self._heard.accepted_in.append(now - sent)
            self._heard.accepted_at.append(due - self._began)
        elif self.refused(answer):
            self._heard.refused.append(now - sent)
        else:
            self._heard.wrong += 1

    def lost(self, connection: _Connection, *, under_way: bool) -> None:
        """A connection ended; another one takes its place."""
        self._open.discard(connection)
        if self._closing:
            return
        self._heard.broken += under_way
        if connection in self._free:
            self._free.remove(connection)
        loop = asyncio.get_running_loop()
        self._again = loop.create_task(self._reconnect(loop))

    async def _reconnect(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
        except OSError:
            self._wanted -= 1


class _Connection(asyncio.Protocol):
    """One call at a time; answers are framed by content-length."""

    __slots__ = ("_buffer", "_due", "_of", "_sent", "_transport")

    def __init__(self, of: OpenLoop) -> None:
        self._of = of
        self._buffer = b""
        self._due: float | None = None
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is a Transport in all but its class.
        self._transport = cast(asyncio.Transport, transport)
        self._of.opened(self)

    def ask(self, due: float, request: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - taken after it was made
        self._due, self._sent = due, perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        head = data.find(b"\r\n\r\n")
        at = data.find(b"content-length: ", 0, head)
        if head < 0 or at < 0 or len(data) < head + 4 + int(data[at + 16 : data.find(b"\r", at)]):
            self._buffer = data
            return
        self._buffer = b""
        due, self._due = self._due, None
        if due is not None:
            self._of.hear(due, self._sent, data)
        self._of.take(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._of.lost(self, under_way=self._due is not None)

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def percentile(values: array[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed; 0 where there are none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
