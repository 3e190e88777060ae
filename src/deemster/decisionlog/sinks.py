"""Where lines of the decision log go: a bounded buffer before a thread that writes.

Writing may block for as long as a reader or a disk pleases, so it never happens on the event
loop. One batch is in the thread's hands at a time; the next one collects meanwhile.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue

from deemster.decisionlog.counters import DecisionCounters, DropCause
from deemster.decisionlog.targets import LineTarget

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
    `on_failure(sink name, error)` is called at the first of several failures, with None when
    writing works again.
    """

    def __init__(
        self,
        target: LineTarget,
        counters: DecisionCounters,
        *,
        on_failure: Callable[[str, OSError | None], None],
        batch_bytes: int = 256 * 1024,
        buffer_bytes: int = 8 * 1024 * 1024,
        interval: float = 0.1,
    ) -> None:
        self._target = target
        self._counters = counters
        self._on_failure = on_failure
        self._batch_bytes = batch_bytes
        self._buffer_bytes = buffer_bytes
        self._interval = interval
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: SimpleQueue[_Batch | None] = SimpleQueue()
        self._collecting = _Batch()
        self._held = 0
        self._writing: _Batch | None = None
        self._timer: asyncio.Handle | None = None
        self._failing = False
        self._closed = False
        self._idle: asyncio.Event | None = None
        # Owned by the thread: whether the last write ended inside a line.
        self._torn = False

    @property
    def name(self) -> str:
        """The target's name."""
        return self._target.name

    def start(self) -> None:
        """Begin writing; called on the event loop that will offer lines."""
        self._loop = asyncio.get_running_loop()
        self._idle = asyncio.Event()
        self._idle.set()
        # A daemon: a reader that never reads again must not keep the process from ending.
        threading.Thread(target=self._write_batches, name="decision-log", daemon=True).start()

    def offer(self, line: bytes) -> bool:
        """Take a line (it ends in a line feed), or False where there is no room: it is lost."""
        size = len(line)
        if self._held + size > self._buffer_bytes or self._closed:
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
            self._counters.count_dropped(DropCause.BUFFER_FULL)
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
        if flushed:
            self._queue.put(None)
            return
        for batch in (self._writing, self._collecting):
            if batch is not None:
                self._counters.count_dropped(DropCause.SHUTDOWN, len(batch.lines))

    def reopen(self) -> None:
        """Open a rotated file anew."""
        self._target.reopen()

    def _withdraw(self, batch: _Batch, line: bytes) -> None:
        self._counters.count_dropped(DropCause.TIMED_OUT)
        if batch is self._collecting:
            batch.lines.remove(line)
            batch.size -= len(line)
            self._held -= len(line)

    def _hand_over(self) -> None:
        self._cancel_timer()
        if self._writing is not None or not self._collecting.lines:
            return
        self._writing = self._collecting
        self._collecting = _Batch()
        if self._idle is not None:
            self._idle.clear()
        self._queue.put(self._writing)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _taken_back(self, batch: _Batch, complete_lines: int, error: OSError | None) -> None:
        """On the event loop, after the thread has done what it could with the batch."""
        self._writing = None
        self._held -= batch.size
        self._counters.written += complete_lines
        lost = len(batch.lines) - complete_lines
        if lost:
            self._counters.count_dropped(DropCause.WRITE_FAILED, lost)
        if (error is not None) != self._failing:
            self._failing = error is not None
            self._on_failure(self.name, error)
        if batch.written is not None and not batch.written.done():
            batch.written.set_result(error is None)
        if self._collecting.lines:
            # Lines that came while the thread was busy have waited long enough.
            self._hand_over()
        elif self._idle is not None:
            self._idle.set()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            msg = "the sink was not started"
            raise RuntimeError(msg)
        return self._loop

    # --- the writing thread ---------------------------------------------------------------------

    def _write_batches(self) -> None:
        loop = self._running_loop()
        while (batch := self._queue.get()) is not None:
            complete_lines, error = self._write(batch)
            try:
                loop.call_soon_threadsafe(self._taken_back, batch, complete_lines, error)
            except RuntimeError:
                return  # the loop is closed: nobody is left to be told
        self._target.close()

    def _write(self, batch: _Batch) -> tuple[int, OSError | None]:
        data = b"".join(batch.lines)
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
            return data.count(b"\n", start, max(done, start)), error
        self._torn = False
        return len(batch.lines), None
