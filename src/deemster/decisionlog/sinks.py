"""Where lines of the decision log go: a bounded buffer before whoever carries them.

What takes lines may hang for as long as a reader, a disk or a network pleases, so it never happens
in a decision. One batch is in the carrier's hands at a time; the next one collects meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from deemster.decisionlog.carriers import Carrier, Delivery
from deemster.decisionlog.counters import DropCause, SinkCounters

__all__ = ["BufferedSink"]


class _Batch:
    """Lines that are written together, and who waits for them."""

    __slots__ = ("lines", "size", "written")

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.size = 0
        self.written: asyncio.Future[bool] | None = None


class BufferedSink:
    """One sink: `offer` and forget, or `put` and wait until it is written.

    At most `buffer_bytes` are held, the batch being written included. A batch goes out at
    `batch_bytes` or `interval` seconds after its first line; at once where somebody waits.
    `on_failure(name, trouble)` is called at the first of several failures, with None when
    writing works again.
    """

    def __init__(
        self,
        carrier: Carrier,
        counters: SinkCounters,
        *,
        on_failure: Callable[[str, str | None], None],
        batch_bytes: int = 256 * 1024,
        buffer_bytes: int = 8 * 1024 * 1024,
        interval: float = 0.1,
    ) -> None:
        self._carrier = carrier
        self._counters = counters
        self._on_failure = on_failure
        self._batch_bytes = batch_bytes
        self._buffer_bytes = buffer_bytes
        self._interval = interval
        self._loop: asyncio.AbstractEventLoop | None = None
        self._collecting = _Batch()
        self._held = 0
        self._writing: _Batch | None = None
        self._timer: asyncio.Handle | None = None
        self._failing = False
        self._closed = False
        self._idle: asyncio.Event | None = None

    @property
    def name(self) -> str:
        """As people know it."""
        return self._carrier.name

    @property
    def held(self) -> int:
        """Lines that are neither written nor lost yet."""
        writing = self._writing
        return len(self._collecting.lines) + (0 if writing is None else len(writing.lines))

    def start(self) -> None:
        """Begin writing; called on the event loop that will offer lines."""
        self._loop = asyncio.get_running_loop()
        self._idle = asyncio.Event()
        self._idle.set()
        self._carrier.start(self._delivered, self._trouble)

    def offer(self, line: bytes) -> bool:
        """Take a line (it ends in a line feed), or False where there is no room: it is lost."""
        size = len(line)
        self._counters.accepted += 1
        if self._held + size > self._buffer_bytes or self._closed:
            self._counters.count_dropped(DropCause.BUFFER_FULL)
            return False
        batch = self._collecting
        batch.lines.append(line)
        batch.size += size
        self._held += size
        if batch.size >= self._batch_bytes:
            self._hand_over()
        elif self._timer is None and self._writing is None:
            self._timer = self._running_loop().call_later(self._interval, self._hand_over)
        return True

    async def put(self, line: bytes, wait: float) -> bool:
        """True once the line is written; False after `wait` seconds or where writing failed.

        A line that timed out before its batch was handed over is withdrawn: its decision was
        answered by a deny, and the log must not say otherwise.
        """
        if not self.offer(line):
            return False
        batch = self._collecting if self._collecting.lines else self._writing
        if batch is None:  # pragma: no cover  (offer has just put it into one of the two)
            return False
        loop = self._running_loop()
        if batch.written is None:
            batch.written = loop.create_future()
        if batch is self._collecting and self._writing is None:
            # After this round of the loop, so that all who ask in it share one write.
            self._cancel_timer()
            self._timer = loop.call_soon(self._hand_over)
        # `wait` looks at the future and leaves it alone, for the others who share it.
        done, _ = await asyncio.wait((batch.written,), timeout=wait)
        if done:
            return batch.written.result()
        self._withdraw(batch, line)
        return False

    async def flush(self, within: float) -> bool:
        """Write all that is held; False where that took longer than `within` seconds."""
        if self._idle is None:
            return True
        self._hand_over()
        try:
            async with asyncio.timeout(within):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def close(self, within: float) -> None:
        """Flush, then end. What could not be written within `within` seconds is counted as lost."""
        flushed = await self.flush(within)
        self._closed = True
        self._cancel_timer()
        if self._loop is None:
            return
        if not flushed:
            self._counters.count_dropped(DropCause.SHUTDOWN, self.held)
            self._writing, self._collecting, self._held = None, _Batch(), 0
        await self._carrier.end(idle=flushed)

    def reopen(self) -> None:
        """Open a rotated file anew."""
        self._carrier.reopen()

    def _withdraw(self, batch: _Batch, line: bytes) -> None:
        if batch is self._collecting:
            self._counters.count_dropped(DropCause.TIMED_OUT)
            batch.lines.remove(line)
            batch.size -= len(line)
            self._held -= len(line)
        elif batch is self._writing:
            self._counters.late += 1

    def _hand_over(self) -> None:
        self._cancel_timer()
        if self._writing is not None or not self._collecting.lines:
            return
        self._writing = self._collecting
        self._collecting = _Batch()
        if self._idle is not None:
            self._idle.clear()
        self._carrier.carry(self._writing.lines)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _trouble(self, trouble: str | None) -> None:
        if (trouble is not None) != self._failing:
            self._failing = trouble is not None
            self._on_failure(self.name, trouble)

    def _delivered(self, delivery: Delivery) -> None:
        """On the event loop, after the carrier has done what it could with the batch."""
        batch = self._writing
        if batch is None:
            return  # given up at the end, and counted then
        self._writing = None
        self._held -= batch.size
        self._counters.written += delivery.written
        for cause, lost in delivery.dropped.items():
            self._counters.count_dropped(cause, lost)
        self._trouble(delivery.trouble)
        if batch.written is not None and not batch.written.done():
            batch.written.set_result(delivery.written == len(batch.lines))
        if self._collecting.lines:
            # Lines that came while the carrier was busy have waited long enough.
            self._hand_over()
        elif self._idle is not None:
            self._idle.set()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            msg = "the sink was not started"
            raise RuntimeError(msg)
        return self._loop
