"""The decisions listener against peers that are slow, greedy or wrong: on real sockets.

The kind is unit, so the guard allows Unix sockets only: they carry the same bytes.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deemster.model.clock import SystemClock
from deemster.serving.decisions_server import DecisionsServer
from deemster.serving.hypercorn_server import HypercornServer
from deemster.serving.protocol import ConnectionLimits
from deemster.telemetry.metrics import CloseCause, ConnectionCounters

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

LIMITS = {
    "connections": 8,
    "header_bytes": 2000,
    "header_count": 10,
    "header_seconds": 60.0,
    "body_seconds": 60.0,
    "idle_seconds": 60.0,
    "answer_seconds": 60.0,
}
GET = b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n"


async def echo(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Reads the whole body and answers with its length and the path."""
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        if not message["more_body"]:
            break
    await answer(send, f"{scope['path']} {size}".encode())


async def answer(send: Send, body: bytes) -> None:
    length = str(len(body)).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]}
    )
    await send({"type": "http.response.body", "body": body})


Server = DecisionsServer | HypercornServer


@dataclass(frozen=True)
class Place:
    """Where a server is to listen, and which one it is."""

    socket: Path
    kind: str


class Running:
    def __init__(self, path: Path, server: Server, counters: ConnectionCounters) -> None:
        self.path = path
        self.server = server
        self.counters = counters

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(self.path))

    async def talk(self, data: bytes) -> bytes:
        """Everything the server says until it closes."""
        reader, writer = await self.connect()
        writer.write(data)
        async with asyncio.timeout(10):
            said = await read_all(reader)
        writer.close()
        return said


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  counters have no event
            await asyncio.sleep(0.02)


async def read_all(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@asynccontextmanager
async def running(path: Place, app: App = echo, **limits: float) -> AsyncIterator[Running]:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path.socket))
    listener.listen()
    listener.setblocking(False)
    counters = ConnectionCounters()
    wanted = ConnectionLimits(**(LIMITS | limits))  # type: ignore[arg-type]
    asgi: Any = app  # plain dicts for Starlette's mappings
    new_id = lambda: "id-1"  # noqa: E731
    server: Server
    if path.kind == "uvicorn":
        server = DecisionsServer(
            asgi, listener, limits=wanted, counters=counters, clock=SystemClock(), new_id=new_id
        )
    else:
        server = HypercornServer(asgi, listener, limits=wanted, counters=counters, new_id=new_id)
    await server.start()
    try:
        yield Running(path.socket, server, counters)
    finally:
        await server.stop(1.0)


@pytest.fixture(params=["uvicorn", "hypercorn"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    return Place(tmp_path / "s", request.param)


def refusal(said: bytes) -> tuple[int, str]:
    head, _, body = said.partition(b"\r\n\r\n")
    told = json.loads(body)
    assert told["id"] == "id-1"
    assert b"content-type: application/json" in head
    assert b"connection: close" in head
    return int(head.split()[1]), told["code"]


async def test_calls_follow_each_other_on_one_connection(path: Place) -> None:
    async with running(path) as server:
        reader, writer = await server.connect()
        for _ in range(3):
            writer.write(GET)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert b"\r\ndate: " in head
            assert b"server:" not in head
            assert await reader.readexactly(4) == b"/x 0"
        writer.close()


@pytest.mark.parametrize(
    ("data", "limit", "cause", "expected"),
    [
        pytest.param(
            b"GET /x HTTP/1.1\r\nhos",
            "header_seconds",
            CloseCause.HEADER_TIME,
            (408, "timeout"),
            id="half a header",
        ),
        pytest.param(
            b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{",
            "body_seconds",
            CloseCause.BODY_TIME,
            (408, "timeout"),
            id="half a body",
        ),
        pytest.param(
            b"POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
            "body_seconds",
            CloseCause.BODY_TIME,
            (408, "timeout"),
            id="half a chunk",
        ),
    ],
)
async def test_a_slow_call_is_ended_with_a_refusal(
    path: Place, data: bytes, limit: str, cause: CloseCause, expected: tuple[int, str]
) -> None:
    if path.kind == "hypercorn" and limit == "body_seconds":
        pytest.skip("there the endpoint has a timer of its own, because calls share connections")
    async with running(path, echo, **{limit: 0.0}) as server:
        assert refusal(await server.talk(data)) == expected
        assert server.counters.closed[cause] == 1


@pytest.mark.parametrize("data", [b"", GET], ids=["before any call", "after a call"])
async def test_an_idle_connection_is_closed_without_a_word(path: Place, data: bytes) -> None:
    async with running(path, idle_seconds=0.0) as server:
        said = await server.talk(data)
        assert said.count(b"HTTP/1.1") == (1 if data else 0)
        assert server.counters.closed[CloseCause.IDLE] == 1


async def test_trickled_bytes_do_not_buy_time(path: Place) -> None:
    async with running(path, header_seconds=0.5) as server:
        reader, writer = await server.connect()
        ended = asyncio.create_task(read_all(reader))
        for byte in b"GET /x HTTP/1.1\r\nx-slow: " + b"a" * 500:
            if ended.done() or writer.is_closing():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
        async with asyncio.timeout(10):
            said = await ended
        assert server.counters.closed[CloseCause.HEADER_TIME] == 1
        # A byte written behind the server's back may cost us the refusal: the socket is reset.
        assert not said or refusal(said)[0] == 408
        writer.close()


async def test_an_answer_that_nobody_reads_is_given_up(path: Place) -> None:
    async def long_answer(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(400):
            body = b"x" * 65536
            await send({"type": "http.response.body", "body": body, "more_body": True})

    async with running(path, long_answer, body_seconds=0.0, answer_seconds=0.0) as server:
        _, writer = await server.connect()
        writer.write(GET)
        await until(lambda: server.counters.closed[CloseCause.ANSWER_TIME] == 1)
        await until(lambda: server.counters.open == 0)
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            b"GET /x HTTP/1.1\r\nhost: a\r\nx-long: " + b"a" * 3000 + b"\r\n\r\n",
            id="one long field",
        ),
        pytest.param(b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", id="a long target"),
        pytest.param(
            b"GET /x HTTP/1.1\r\nhost: a\r\n" + b"x-a: b\r\n" * 10 + b"\r\n", id="too many fields"
        ),
    ],
)
async def test_a_large_header_section_is_refused(path: Place, data: bytes) -> None:
    async with running(path) as server:
        assert refusal(await server.talk(data)) == (431, "headers-too-large")


async def test_a_header_section_without_an_end_is_refused(path: Place) -> None:
    async with running(path) as server:
        reader, writer = await server.connect()
        writer.write(b"GET /x HTTP/1.1\r\n")
        for _ in range(40):
            writer.write(b"x-a: " + b"b" * 200)
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            said = await read_all(reader)
        assert said == b"" or refusal(said) == (431, "headers-too-large")
        assert server.counters.closed[CloseCause.HEADERS_TOO_LARGE] == 1
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n"
            b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            id="length and chunks",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
            id="two lengths",
        ),
        pytest.param(b"GET / HTTP/1.1\nhost: a\n\n", id="bare line feeds"),
        pytest.param(b"GET / HTTP/1.1\r\nx: a\r\n b\r\n\r\n", id="folded field"),
        pytest.param(b"GET / HTTP/1.1\r\nhost : a\r\n\r\n", id="space before the colon"),
        pytest.param(b"get / HTTP/1.1\r\nhost: a\r\n\r\n", id="lower-case method"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2 preface"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS client hello"),
        pytest.param(b"GET /\x00 HTTP/1.1\r\n\r\n", id="NUL in the target"),
        pytest.param(b"CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n", id="authority form"),
    ],
)
async def test_what_two_servers_could_read_differently_is_refused(path: Place, data: bytes) -> None:
    if path.kind == "hypercorn" and data.startswith(b"PRI"):
        pytest.skip("HTTP/2 is spoken there")
    async with running(path) as server:
        assert refusal(await server.talk(data)) == (400, "malformed")
        assert server.counters.closed[CloseCause.MALFORMED] == 1


async def test_a_refusal_is_never_taken_for_the_answer_to_the_call_before(path: Place) -> None:
    started = asyncio.Event()

    async def waits(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        started.set()
        await asyncio.sleep(30)
        await answer(send, b"late")

    if path.kind == "hypercorn":
        pytest.skip("there a call is not even read before the one before is answered")
    async with running(path, waits) as server:
        assert await server.talk(GET + b"nonsense\r\n\r\n") == b""
        assert started.is_set()


async def test_nonsense_behind_a_call_is_refused_after_its_answer(path: Place) -> None:
    async with running(path) as server:
        said = await server.talk(GET + b"nonsense\r\n\r\n")
        if path.kind == "uvicorn":
            # Refused as soon as it is read; the call before may lose its answer, never swap it.
            assert said == b"" or said.split(b"\r\n\r\n")[1].startswith(b"/x 0")
        else:
            first, second = said.split(b"HTTP/1.1 ")[1:]
            assert first.endswith(b"/x 0")
            assert refusal(b"HTTP/1.1 " + second) == (400, "malformed")


async def test_a_refused_body_is_answered_once(path: Place) -> None:
    async with running(path) as server:
        said = await server.talk(
            b"POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"
        )
        assert refusal(said) == (400, "malformed")


@pytest.mark.parametrize(
    "upgrade",
    [
        pytest.param(
            b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMA\r\n",
            id="h2c",
        ),
        pytest.param(
            b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            id="WebSocket",
        ),
    ],
)
async def test_no_other_protocol_is_switched_to(path: Place, upgrade: bytes) -> None:
    async with running(path, idle_seconds=0.0) as server:
        said = await server.talk(b"GET /x HTTP/1.1\r\nhost: a\r\n" + upgrade + b"\r\n")
        assert said.startswith(b"HTTP/1.1 200 ")
        assert b"101" not in said


async def test_http_1_0_is_answered_and_closed(path: Place) -> None:
    async with running(path) as server:
        said = await server.talk(b"GET /x HTTP/1.0\r\nhost: a\r\n\r\n")
        assert said.endswith(b"/x 0")
        assert b"connection: close" in said.lower()


async def test_pipelined_calls_are_answered_in_order(path: Place) -> None:
    async with running(path, idle_seconds=0.5) as server:
        calls = b"".join(GET.replace(b"/x", b"/%d" % number) for number in range(20))
        said = await server.talk(calls)
        answers = [part.split(b"\r\n\r\n")[1] for part in said.split(b"HTTP/1.1 200")[1:]]
        assert answers == [b"/%d 0" % number for number in range(20)]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        pytest.param(
            [
                {"type": "http.response.start", "status": 200, "headers": []},
                {"type": "http.response.body", "body": b"ab", "more_body": True},
                {"type": "http.response.body", "body": b"c"},
            ],
            b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            id="chunked",
        ),
        pytest.param(
            [
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [(b"content-length", b"3")],
                },
                {"type": "http.response.body", "body": b"ab", "more_body": True},
                {"type": "http.response.body", "body": b"c"},
            ],
            b"abc",
            id="in parts",
        ),
    ],
)
async def test_answers_of_every_shape_arrive_whole(
    path: Place, messages: list[dict[str, Any]], said: bytes
) -> None:
    async def speaks(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    async with running(path, speaks, idle_seconds=0.0) as server:
        assert (await server.talk(GET)).partition(b"\r\n\r\n")[2] == said


async def test_the_answer_to_head_has_a_length_and_no_body(path: Place) -> None:
    async with running(path, idle_seconds=0.0) as server:
        head = b"HEAD /x HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n"
        said = await server.talk(head + GET)
        first, second = said.split(b"HTTP/1.1 200 ")[1:]
        assert b"content-length: 4\r\n" in first
        assert first.endswith(b"\r\n\r\n")
        assert second.endswith(b"\r\n\r\n/x 0")


@pytest.mark.parametrize(
    ("header", "body"),
    [
        pytest.param((b"content-length", b"9"), b"abc", id="shorter than announced"),
        pytest.param((b"content-length", b"2"), b"abc", id="longer than announced"),
        pytest.param((b"x-a", b"b\r\nx-evil: 1"), b"abc", id="a value that ends its line"),
        pytest.param((b"x-a: 1\r\nx-evil", b"1"), b"abc", id="a name that is two"),
        pytest.param((b"x-a", b"b\x00"), b"abc", id="NUL in a value"),
    ],
)
async def test_an_answer_that_is_no_http_is_never_finished(
    path: Place, header: tuple[bytes, bytes], body: bytes
) -> None:
    async def lies(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        headers = (
            [header] if header[0] == b"content-length" else [(b"content-length", b"3"), header]
        )
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async with running(path, lies) as server:
        said = await server.talk(GET)
        assert b"evil" not in said
        announced = b"content-length: 9" in said
        assert not said.endswith(b"abc") or announced
        # Never a 500 of the server's own: a gateway may take it for leave to go on.
        assert b" 500 " not in said


async def test_connections_beyond_the_bound_are_ended(path: Place) -> None:
    async with running(path, connections=2) as server:
        held = [await server.connect() for _ in range(2)]
        await until(lambda: server.counters.open == 2)
        assert await server.talk(GET) == b""
        assert server.counters.closed[CloseCause.TOO_MANY] == 1
        for _, writer in held:
            writer.close()
        await until(lambda: server.counters.open == 0)
        assert b"HTTP/1.1 200 " in await server.talk(
            b"GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        )


async def test_stopping_finishes_the_call_in_hand(path: Place) -> None:
    asked = asyncio.Event()
    go_on = asyncio.Event()

    async def waits(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        asked.set()
        await go_on.wait()
        await answer(send, b"done")

    async with running(path, waits) as server:
        idle_reader, idle_writer = await server.connect()
        talking = asyncio.create_task(server.talk(GET))
        await asked.wait()
        stopping = asyncio.create_task(server.server.stop(10))
        assert await read_all(idle_reader) == b""
        go_on.set()
        said = await talking
        assert said.endswith(b"done")
        assert b"connection: close" in said
        await stopping
        idle_writer.close()


async def test_stopping_cuts_off_what_takes_too_long_and_says_nothing(path: Place) -> None:
    asked = asyncio.Event()

    async def hangs(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        asked.set()
        await asyncio.sleep(600)

    async with running(path, hangs) as server:
        talking = asyncio.create_task(server.talk(GET))
        await asked.wait()
        await server.server.stop(0.05)
        assert await talking == b""
        assert server.counters.closed[CloseCause.SHUTDOWN] == 1
