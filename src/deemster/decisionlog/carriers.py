"""Who takes the batches of a sink where they go: a thread that may block, or a task that asks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Protocol

from deemster.decisionlog.counters import DropCause
from deemster.decisionlog.targets import LineTarget

__all__ = ["Carrier", "Delivery", "ThreadCarrier"]

Trouble = Callable[[str | None], None]
"""Told what is wrong, or None when it works again; the same may be told more than once."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the lines of one batch: each is written, or lost for a cause."""

    written: int
    dropped: Mapping[DropCause, int] = field(default_factory=dict)
    trouble: str | None = None


class Carrier(Protocol):
    """Takes one batch after the other; every method is called on the event loop."""

    @property
    def name(self) -> str:
        """Where the lines go, as people know it (`stdout`, a path, a URL)."""
        ...

    def start(self, delivered: Callable[[Delivery], None], trouble: Trouble) -> None:
        """Both are called on the running loop: `delivered` once for each batch."""
        ...

    def carry(self, lines: Sequence[bytes]) -> None:
        """Take lines that end in a line feed; never before the last batch was delivered."""
        ...

    def reopen(self) -> None:
        """Open a rotated file anew."""
        ...

    async def end(self, *, idle: bool) -> None:
        """No more lines; where it is not `idle`, the batch in hand is given up."""
        ...


class ThreadCarrier:
    """Writes to a target that may block for as long as a reader or a disk pleases."""

    def __init__(self, target: LineTarget) -> None:
        self._target = target
        self._queue: SimpleQueue[Sequence[bytes] | None] = SimpleQueue()
        # Owned by the thread: whether the last write ended inside a line.
        self._torn = False

    @property
    def name(self) -> str:
        """The target's name."""
        return self._target.name

    def start(self, delivered: Callable[[Delivery], None], trouble: Trouble) -> None:
        """As Carrier says."""
        loop = asyncio.get_running_loop()
        # A daemon: a reader that never reads again must not keep the process from ending.
        threading.Thread(
            target=self._write_batches, args=(loop, delivered), name="decision-log", daemon=True
        ).start()

    def carry(self, lines: Sequence[bytes]) -> None:
        """As Carrier says."""
        self._queue.put(lines)

    def reopen(self) -> None:
        """As Carrier says."""
        self._target.reopen()

    async def end(self, *, idle: bool) -> None:
        """A thread that is stuck in a write is left there."""
        if idle:
            self._queue.put(None)

    # --- the writing thread ---------------------------------------------------------------------

    def _write_batches(
        self, loop: asyncio.AbstractEventLoop, delivered: Callable[[Delivery], None]
    ) -> None:
        while (lines := self._queue.get()) is not None:
            delivery = self._write(lines)
            try:
                loop.call_soon_threadsafe(delivered, delivery)
            except RuntimeError:
                return  # the loop is closed: nobody is left to be told
        self._target.close()

    def _write(self, lines: Sequence[bytes]) -> Delivery:
        data = b"".join(lines)
        start = 0
        if self._torn:
            # The rest of a half-written line is lost; its beginning must not swallow the next.
            data = b"\n" + data
            start = 1
        view = memoryview(data)
        done = 0
        try:
            while done < len(data):
                done += self._target.write(view[done:])
        except OSError as error:
            if done:
                self._torn = data[done - 1] != ord("\n")
            whole = data.count(b"\n", start, max(done, start))
            lost = {DropCause.WRITE_FAILED: len(lines) - whole}
            return Delivery(whole, lost, error.strerror or type(error).__name__)
        self._torn = False
        return Delivery(len(lines))
