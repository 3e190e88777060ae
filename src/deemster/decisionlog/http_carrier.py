"""Batches of records over HTTP: packed, retried with growing pauses, and given up at an end.

A batch is acknowledged by a 2xx answer and by nothing else. It may arrive twice (an answer can get
lost), never in part: `Deemster-Batch` is the same each time, so that a receiver can tell.
"""

from __future__ import annotations

import asyncio
import gzip
import secrets
from collections.abc import Callable, Sequence

from deemster.decisionlog.carriers import Delivery, Trouble
from deemster.decisionlog.counters import DropCause
from deemster.model.clock import Clock
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpQuestion, HttpService

__all__ = ["FIRST_PAUSE", "LONGEST_PAUSE", "HttpCarrier", "as_lines"]

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
_AGAIN = frozenset({408, 425})
"""Statuses that say `ask again` (RFC 9110 15.5.9, RFC 8470 5.2); 429 and 5xx are no answers."""


def as_lines(lines: Sequence[bytes]) -> bytes:
    """NDJSON: the records as they are."""
    return b"".join(lines)


class HttpCarrier:
    """Posts each batch to one URL. `retry_for` and `timeout` in seconds."""

    def __init__(  # noqa: PLR0913  (its parts, each by keyword)
        self,
        service: HttpService,
        *,
        name: str,
        clock: Clock,
        content_type: str = "application/x-ndjson",
        encode: Callable[[Sequence[bytes]], bytes] = as_lines,
        timeout: float = 5.0,
        retry_for: float = 300.0,
        pause: Callable[[float], object] = asyncio.sleep,
    ) -> None:
        self._service = service
        self.name = name
        self._clock = clock
        self._headers = {"content-type": content_type, "content-encoding": "gzip"}
        self._encode = encode
        self._timeout = timeout
        self._retry_for = retry_for
        self._pause = pause
        self._delivered: Callable[[Delivery], None] = _nobody
        self._trouble: Trouble = _nobody
        self._task: asyncio.Task[None] | None = None

    def replace_headers(self, headers: dict[str, str]) -> None:
        """Credentials as they are now."""
        self._service.replace_headers(headers)

    def start(self, delivered: Callable[[Delivery], None], trouble: Trouble) -> None:
        """As Carrier says."""
        self._delivered, self._trouble = delivered, trouble

    def carry(self, lines: Sequence[bytes]) -> None:
        """As Carrier says."""
        self._task = asyncio.create_task(self._carry(lines))

    def reopen(self) -> None:
        """Nothing is open that has a name."""

    async def end(self, *, idle: bool) -> None:
        """As Carrier says."""
        if self._task is not None and not idle:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._service.close()

    async def _carry(self, lines: Sequence[bytes]) -> None:
        try:
            delivery = await self._deliver(lines)
        except Exception as fault:  # noqa: BLE001  (a batch must end, or the sink hangs for ever)
            lost = {DropCause.WRITE_FAILED: len(lines)}
            delivery = Delivery(0, lost, type(fault).__name__)
        self._delivered(delivery)

    async def _deliver(self, lines: Sequence[bytes]) -> Delivery:
        content = await asyncio.to_thread(self._packed, lines)
        headers = {**self._headers, "deemster-batch": secrets.token_hex(16)}
        question = HttpQuestion("POST", headers=headers, content=content)
        give_up = self._clock.monotonic() + self._retry_for
        pause = FIRST_PAUSE
        while True:
            status, trouble = await self._posted(question)
            if 200 <= status < 300:
                return Delivery(len(lines))
            if status and status not in _AGAIN:
                return Delivery(0, {DropCause.REJECTED: len(lines)}, trouble)
            self._trouble(trouble)
            # Half of it by chance: replicas that failed together do not come back together.
            wait = pause / 2 + pause / 2 * secrets.randbelow(1000) / 1000
            if self._clock.monotonic() + wait > give_up:
                return Delivery(0, {DropCause.UNDELIVERED: len(lines)}, trouble)
            await self._pause(wait)  # type: ignore[misc]  # a coroutine, or a test's
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _posted(self, question: HttpQuestion) -> tuple[int, str]:
        """The status and what is wrong with it; 0 where there was none."""
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._service.ask(question)
        except CallFailedError as failed:
            return 0, str(failed)
        except TimeoutError:
            return 0, "no answer in time"
        return answer.status, f"answered with status {answer.status}"

    def _packed(self, lines: Sequence[bytes]) -> bytes:
        return gzip.compress(self._encode(lines), compresslevel=1, mtime=0)


def _nobody(_told: object) -> None:
    """Before the start."""
