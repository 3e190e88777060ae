"""The whole way of a gateway's call with every part at hand: endpoint ► decision point ► answer.

All is real but what a test replaces: users, the token provider, the decision point itself.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from deemster.model.clock import SystemClock
from deemster.serving.decisions_server import DecisionsServer
from deemster.serving.protocol import ConnectionLimits
from deemster.serving.sockets import Address, open_listener
from deemster.telemetry.metrics import ConnectionCounters
from tests.support.gateway_calls import REQUEST_PATH, SECRET, Desk

__all__ = [
    "NO_ANSWER",
    "Cursed",
    "Listener",
    "ask",
    "listening",
    "raw_call",
    "told",
]

NO_ANSWER = "no answer"
LIMITS = ConnectionLimits(
    connections=16,
    header_bytes=8192,
    header_count=50,
    header_seconds=3.0,
    body_seconds=60.0,
    idle_seconds=60.0,
    answer_seconds=60.0,
)


class Cursed(Mapping[str, object]):
    """A user's attributes whose every reading raises: a bug, wherever a condition looks."""

    def __init__(self, fault: BaseException) -> None:
        self._fault = fault

    def __getitem__(self, name: str) -> object:
        raise self._fault

    def __iter__(self) -> Iterator[str]:
        raise self._fault

    def __len__(self) -> int:
        raise self._fault

    def __contains__(self, name: object) -> bool:
        raise self._fault


def told(answer: httpx.Response | bytes) -> str:
    """What an answer means to a sideband kit: `permit`, or a word that is none.

    A kit forwards the call on a 2xx that is an object without `response`, and on nothing else.
    """
    if isinstance(answer, bytes):
        if not answer:
            return NO_ANSWER
        head, _, body = answer.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
    else:
        status, body = answer.status_code, answer.content
    if not 200 <= status < 300:
        return f"error {status}"
    members = json.loads(body)
    deny = members.get("response") if isinstance(members, dict) else None
    if deny is None:
        return "permit"
    return f"{deny['response_code']} {json.loads(deny['body'])['code']}"


async def ask(desk: Desk, body: object, *, path: str = REQUEST_PATH) -> str:
    """Post to the endpoint over ASGI; an exception that leaves it fails the test."""
    transport = httpx.ASGITransport(desk.endpoint)
    async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
        return told(await client.post(path, json=body, headers={"client-token": SECRET}))


def raw_call(body: object) -> bytes:
    """The same call as bytes for a socket."""
    sent = json.dumps(body).encode()
    return (
        f"POST {REQUEST_PATH} HTTP/1.1\r\nhost: pdp\r\nclient-token: {SECRET}\r\n"
        f"connection: close\r\ncontent-length: {len(sent)}\r\n\r\n"
    ).encode() + sent


@dataclass
class Listener:
    """The decisions listener on a real socket of this machine."""

    server: DecisionsServer
    address: Address

    async def say(self, sent: bytes) -> bytes:
        """All that comes back until the connection ends."""
        reader, writer = await asyncio.open_connection(self.address.host, self.address.port)
        try:
            writer.write(sent)
            await writer.drain()
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


@asynccontextmanager
async def listening(app: object) -> AsyncIterator[Listener]:
    """Serve `app` as `deemster serve` does, with its own server and protocol."""
    listener, address = open_listener("127.0.0.1", 0, setting="test", share_port=False)
    server = DecisionsServer(
        app,  # type: ignore[arg-type]  # an ASGI application
        listener,
        limits=LIMITS,
        counters=ConnectionCounters(),
        clock=SystemClock(),
        new_id=lambda: "id",
    )
    await server.start()
    try:
        yield Listener(server, address)
    finally:
        await server.stop(1.0)
