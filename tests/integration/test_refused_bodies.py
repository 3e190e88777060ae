"""A gateway that sends a body which is refused gets to read the refusal, however long it writes."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.gateway_calls import REQUEST_PATH, SECRET, Desk
from tests.support.stand import listening

SIZE = 12 * 1024 * 1024


async def say(desk: Desk, head: str, body: bytes) -> bytes:
    """Writes all before it reads anything, as proxies with a buffered body do."""
    async with listening(desk.endpoint) as listener:
        reader, writer = await asyncio.open_connection(listener.address.host, listener.address.port)
        try:
            writer.write(head.encode() + body)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()


def head(path: str, secret: str, framing: str) -> str:
    return f"POST {path} HTTP/1.1\r\nhost: pdp\r\nclient-token: {secret}\r\n{framing}\r\n\r\n"


WHOLE = f"content-length: {SIZE}"


CHUNKED = "transfer-encoding: chunked"
CHUNKS = b"%x\r\n%b\r\n" % (SIZE, b"x" * SIZE) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "body", "status"),
    [
        pytest.param(head(REQUEST_PATH, SECRET, WHOLE), b"x" * SIZE, 413, id="too large"),
        pytest.param(head(REQUEST_PATH, SECRET, CHUNKED), CHUNKS, 413, id="too large, in chunks"),
        pytest.param(head(REQUEST_PATH, "wrong", CHUNKED), CHUNKS, 401, id="a stranger's"),
        pytest.param(head("/nowhere", SECRET, WHOLE), b"x" * SIZE, 404, id="to no endpoint"),
    ],
)
async def test_a_refusal_is_not_lost_to_a_reset(sent: str, body: bytes, status: int) -> None:
    answer = await say(Desk(), sent, body)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in answer


async def test_a_gateway_that_waits_for_leave_to_send_is_refused_at_once() -> None:
    sent = head(REQUEST_PATH, "wrong", f"{CHUNKED}\r\nexpect: 100-continue")
    assert (await say(Desk(), sent, b"")).startswith(b"HTTP/1.1 401 ")
