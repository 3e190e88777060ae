"""The other server's HTTP/2, against peers that are slow, greedy or wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import pytest

from deemster.telemetry.metrics import CloseCause
from tests.unit.serving.test_protocol import (
    LIMITS,
    Place,
    Receive,
    Running,
    Send,
    answer,
    running,
    until,
)

GET = [(":method", "GET"), (":path", "/x"), (":scheme", "http"), (":authority", "a")]


class Gateway:
    """A client with one connection. `answers` by stream: fields and body, or the reset's code."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client of tests says what no real one would.
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.link = h2.connection.H2Connection(config)
        self.fields: dict[int, dict[str, str]] = {}
        self.bodies: dict[int, bytes] = {}
        self.resets: dict[int, int] = {}
        self.goodbye: int | None = None
        self.greeted = False
        self.ended: set[int] = set()
        self._reader = reader
        self._writer = writer
        self.link.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self._writer.write(self.link.data_to_send())

    def ask(self, headers: list[tuple[str, str]] = GET, *, end: bool = True) -> int:
        stream_id = self.link.get_next_available_stream_id()
        self.link.send_headers(stream_id, headers, end_stream=end)
        self.flush()
        return stream_id

    async def read(self) -> None:
        """Until the other end closes."""
        while data := await self._reader.read(65536):
            for event in self.link.receive_data(data):
                self._note(event)
            self.flush()

    def _note(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived():
                self.fields[event.stream_id] = dict(event.headers)  # type: ignore[arg-type]
            case h2.events.DataReceived():
                known = self.bodies.get(event.stream_id, b"")
                self.bodies[event.stream_id] = known + (event.data or b"")
                self.link.increment_flow_control_window(event.flow_controlled_length or 1)
            case h2.events.RemoteSettingsChanged():
                self.greeted = True
            case h2.events.StreamEnded():
                self.ended.add(event.stream_id)
            case h2.events.StreamReset():
                self.resets[event.stream_id] = int(event.error_code or 0)
            case h2.events.ConnectionTerminated():
                self.goodbye = int(event.error_code or 0)
            case _:
                pass


async def echo(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        if not message["more_body"]:
            break
    await answer(send, f"{scope['method']} {scope['path']} {size}".encode())


@asynccontextmanager
async def gateway(server: Running) -> AsyncIterator[Gateway]:
    reader, writer = await server.connect()
    found = Gateway(reader, writer)
    reading = asyncio.create_task(found.read())
    try:
        yield found
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await reading
        writer.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "s", "hypercorn")


async def test_calls_share_a_connection(place: Place) -> None:
    async with running(place, echo) as server, gateway(server) as client:
        streams = [client.ask() for _ in range(50)]
        await until(lambda: set(streams) <= client.ended)
        assert {client.bodies[stream] for stream in streams} == {b"GET /x 0"}
        assert all(client.fields[stream][":status"] == "200" for stream in streams)
        assert "date" in client.fields[streams[0]]
        assert "server" not in client.fields[streams[0]]


WITHOUT_PATH = [field for field in GET if field[0] != ":path"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([(":method", "get"), *GET[1:]], id="lower-case method"),
        pytest.param([(":method", "CONNECT"), (":authority", "a:443")], id="CONNECT"),
        pytest.param([*WITHOUT_PATH, (":path", "x")], id="a path without its slash"),
        pytest.param([*WITHOUT_PATH, (":path", "http://b/x")], id="absolute form"),
        pytest.param([*WITHOUT_PATH, (":path", "/é")], id="a path that is not ASCII"),
        pytest.param(
            [(":method", "CONNECT"), *GET[1:], (":protocol", "websocket")], id="a WebSocket"
        ),
        pytest.param(WITHOUT_PATH, id="no path"),
        pytest.param([*GET, (":method", "POST")], id="two methods"),
        pytest.param([*GET, ("transfer-encoding", "chunked")], id="fields of HTTP/1.1"),
        pytest.param([*GET, ("connection", "x")], id="connection"),
        pytest.param([*GET, ("X-Upper", "1")], id="a name in upper case"),
        pytest.param([*GET, ("x", "a\r\nb")], id="a value of two lines"),
    ],
)
async def test_what_is_no_call_is_never_asked(place: Place, headers: list[tuple[str, str]]) -> None:
    asked: list[str] = []

    async def permits(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await answer(send, b"permit")

    async with running(place, permits) as server, gateway(server) as client:
        stream = client.ask(headers)
        await until(
            lambda: stream in client.ended or stream in client.resets or client.goodbye is not None
        )
        assert asked == []
        assert client.fields.get(stream, {}).get(":status", "400") == "400"
        assert client.bodies.get(stream, b"") != b"permit"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([("x-long", "a" * 1990)], id="one long field"),
        pytest.param([("x-a", "b")] * 11, id="too many fields"),
    ],
)
async def test_a_large_header_section_is_refused(
    place: Place, fields: list[tuple[str, str]]
) -> None:
    async with running(place, echo) as server, gateway(server) as client:
        stream = client.ask([*GET, *fields])
        await until(lambda: stream in client.ended or client.goodbye is not None)
        assert client.fields.get(stream, {}).get(":status", "431") == "431"


async def test_an_application_that_fails_is_a_reset_and_no_500(place: Place) -> None:
    async def fails(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["path"] == "/x":
            raise RuntimeError("a fault")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("a fault")

    async with running(place, fails) as server, gateway(server) as client:
        streams = [client.ask(), client.ask([*WITHOUT_PATH, (":path", "/y")])]
        await until(lambda: set(streams) <= set(client.resets))
        assert streams[0] not in client.fields
        assert not client.ended & set(streams)


async def test_a_body_behind_an_answer_disturbs_nobody(place: Place) -> None:
    async def answers_at_once(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await answer(send, b"early")

    async with running(place, answers_at_once) as server, gateway(server) as client:
        stream = client.ask([(":method", "POST"), *GET[1:]], end=False)
        await until(lambda: stream in client.ended)
        # More than the window of the connection, which is everybody's.
        for _ in range(40):
            room = client.link.remote_flow_control_window(stream)
            with suppress(h2.exceptions.ProtocolError):
                client.link.send_data(stream, b"x" * min(16384, room))
            client.flush()
            await asyncio.sleep(0.001)
        later = client.ask()
        await until(lambda: later in client.ended)
        assert client.bodies[later] == b"early"


async def test_a_flood_of_resets_is_ended(place: Place) -> None:
    async def waits(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await receive()

    async with running(place, waits) as server, gateway(server) as client:
        for _ in range(400):
            if client.goodbye is not None:
                break
            stream = client.ask()
            client.link.reset_stream(stream)
            client.flush()
            await asyncio.sleep(0)
        await until(lambda: client.goodbye is not None)
        assert client.goodbye == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
        await until(lambda: server.counters.open == 0)


async def test_pings_do_not_keep_an_idle_connection(place: Place) -> None:
    async with running(place, echo, idle_seconds=0.5) as server, gateway(server) as client:
        async with asyncio.timeout(10):
            while server.counters.closed[CloseCause.IDLE] == 0:
                with suppress(h2.exceptions.ProtocolError):
                    client.link.ping(b"12345678")
                client.flush()
                await asyncio.sleep(0.05)
        await until(lambda: server.counters.open == 0)


async def test_stopping_finishes_the_call_in_hand_and_says_goodbye(place: Place) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def waits(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        asked.set()
        await go_on.wait()
        await answer(send, b"done")

    async with running(place, waits) as server, gateway(server) as client, gateway(server) as idle:
        stream = client.ask()
        await asked.wait()
        await until(lambda: idle.greeted)
        stopping = asyncio.create_task(server.server.stop(10))
        await until(lambda: idle.goodbye is not None)
        go_on.set()
        await until(lambda: client.goodbye is not None)
        await stopping
        assert client.bodies[stream] == b"done"
        assert client.goodbye == 0


async def test_limits_are_those_of_the_other_server(place: Place) -> None:
    """A handshake that never comes to a call is an idle connection, and is counted."""
    most = int(LIMITS["connections"])
    async with running(place, echo) as server:
        held = [await server.connect() for _ in range(most)]
        await until(lambda: server.counters.open == most)
        async with gateway(server) as client:
            client.ask()
            await until(lambda: server.counters.closed[CloseCause.TOO_MANY] == 1)
            assert client.fields == {}
        for _, writer in held:
            writer.close()
