"""Callers that ask over kept connections as fast as answers come, and time each answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Answer", "Caller", "a_post", "percentile"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came, and how long it took. `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def permits(self) -> bool:
        """Whether a sideband answer lets the call through."""
        return self.status == 200 and b'"response"' not in self.body


def a_post(path: str, body: object, headers: Mapping[str, str]) -> bytes:
    """A whole request, as it goes over the wire."""
    content = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "host: pdp", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode() + content


class Caller:
    """One connection at a time, opened again where it was ended."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> Answer:
        """Raises OSError and asyncio.IncompleteReadError; the next call opens a new connection."""
        began = time.perf_counter()
        try:
            if self._reader is None or self._writer is None:
                self._reader, self._writer = await asyncio.open_connection(*self._address)
            self._writer.write(request)
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = [line.partition(":") for line in head[1:] if line]
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            body = await self._reader.readexactly(int(headers["content-length"]))
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            raise
        return Answer(int(head[0].split()[1]), headers, body, time.perf_counter() - began)

    async def go_on(self, requests: Callable[[], bytes], heard: Callable[[Answer], None]) -> None:
        """Ask until cancelled."""
        try:
            while True:
                heard(await self.ask(requests()))
        finally:
            await self.end()

    def close(self) -> None:
        """Let go of the connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def end(self) -> None:
        """The same, and wait for it."""
        writer = self._writer
        self.close()
        if writer is not None:
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
