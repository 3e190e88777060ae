"""Calls that arrive in one piece are answered at once, and exactly as those that do not."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.errors import MalformedCallError, ProtocolError
from deemster.gateways.adapter import WireAnswer, WireHeaders, WireRequest
from deemster.gateways.deciding import Pending
from deemster.gateways.http_endpoint import HttpEndpoint
from deemster.gateways.http_envelope import EndpointLimits
from deemster.gateways.pep_auth import GatewayCredentials, GatewaySecret, PepAuthenticator
from deemster.model.clock import SystemClock
from deemster.model.gateway import GatewayCaller
from deemster.serving.decisions_server import DecisionsServer
from deemster.serving.protocol import ConnectionLimits
from deemster.serving.whole_calls import WholeCall, WholeCalls
from deemster.telemetry.metrics import ConnectionCounters
from tests.support.doubles import CountedIds, KeptReports
from tests.support.gateway_calls import SECRET, a_gateway

FIELDS = b"host: a\r\nclient-token: " + SECRET.encode() + b"\r\n"


class Echo:
    """Answers with what it was asked; `/later` after a while, `/broken` and `/wrong` not at all."""

    protocol = "sideband"
    methods: frozenset[str] | None = frozenset({"GET", "POST"})

    def __init__(self) -> None:
        self.begun = 0
        self.release = asyncio.Event()
        self.release.set()

    def begin(self, caller: GatewayCaller, wire: WireRequest) -> WireAnswer | Pending[WireAnswer]:
        self.begun += 1
        if wire.path == "/broken":
            raise RuntimeError("broken")
        if wire.path == "/wrong":
            raise MalformedCallError("wrong")
        query = wire.query.decode()
        told = f"{wire.method} {wire.path}?{query} {caller.gateway.id} ".encode() + wire.body
        answer = WireAnswer(200, [(b"x-told", b"yes")], told)
        return Pending(self._later(answer)) if wire.path == "/later" else answer

    async def _later(self, answer: WireAnswer) -> WireAnswer:
        await self.release.wait()
        return answer

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        return WireAnswer(403, [], error.code.encode())


class Desk:
    def __init__(self, path: Path) -> None:
        self.exchange = Echo()
        self.reports = KeptReports()
        self._path = path

    @asynccontextmanager
    async def serving(self, body: int = 1024) -> AsyncIterator[DecisionsServer]:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self._path))
        listener.listen()
        listener.setblocking(False)
        clock = SystemClock()
        secrets = (GatewaySecret("k1", SECRET),)
        endpoint: Any = HttpEndpoint(
            exact={},
            prefixes=[("/", self.exchange)],
            authenticator=PepAuthenticator([GatewayCredentials(a_gateway(), secrets)], clock=clock),
            reports=self.reports,
            new_id=CountedIds(),
            limits=EndpointLimits(body=body, body_timeout=None),
        )
        server = DecisionsServer(
            endpoint,
            listener,
            limits=ConnectionLimits(
                connections=8,
                header_bytes=2000,
                header_count=10,
                header_seconds=60.0,
                body_seconds=60.0,
                idle_seconds=60.0,
                answer_seconds=60.0,
            ),
            counters=ConnectionCounters(),
            clock=clock,
            new_id=lambda: "id-1",
        )
        await server.start()
        try:
            yield server
        finally:
            await server.stop(1.0)
            self._path.unlink()

    async def said(self, pieces: list[bytes]) -> bytes:
        """Everything the server says to these pieces, which are written one after the other."""
        reader, writer = await asyncio.open_unix_connection(str(self._path))
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.002 if len(pieces) > 1 else 0)
        async with asyncio.timeout(10):
            found = await _all_of(reader)
        writer.close()
        return re.sub(rb"date: [^\r]*\r\n", b"", found)


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


def call(path: bytes, body: bytes = b"", more: bytes = b"", method: bytes = b"POST") -> bytes:
    length = b"content-length: %d\r\n" % len(body)
    return b"%b %b HTTP/1.1\r\n" % (method, path) + FIELDS + length + more + b"\r\n" + body


LAST = call(b"/last?q=1", more=b"connection: close\r\n")


def bodies(said: bytes) -> list[bytes]:
    """Of answers that follow each other, each with a Content-Length."""
    found = []
    while said:
        head, _, rest = said.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: ([0-9]+)", head)[1])  # type: ignore[index]
        found.append(rest[:length])
        said = rest[length:]
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "s")


async def test_a_whole_call_is_answered_and_the_connection_goes_on(desk: Desk) -> None:
    async with desk.serving():
        said = await desk.said([call(b"/a?x=1", b"body"), LAST])
    assert bodies(said) == [b"POST /a?x=1 kong body", b"POST /last?q=1 kong "]
    assert said.startswith(b"HTTP/1.1 200 OK\r\nx-told: yes\r\ncontent-length: 21\r\n\r\n")


ALL = [
    call(b"/a", b"one"),
    call(b"/later", b"two"),
    call(b"/c?%20", method=b"GET"),
    call(b"/wrong", b"x"),
    call(b"/broken", b"x"),
    call(b"/later"),
    call(b"/f", b"five"),
    LAST,
]
TOLD = [
    b"POST /a? kong one",
    b"POST /later? kong two",
    b"GET /c?%20 kong ",
    b"malformed",
    b"malformed",
    b"POST /later? kong ",
    b"POST /f? kong five",
    b"POST /last?q=1 kong ",
]


@given(cuts=st.lists(st.integers(0, len(b"".join(ALL))), max_size=6))
async def test_however_a_stream_of_calls_is_cut_the_answers_are_the_same_and_in_order(
    cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    stream = b"".join(ALL)
    edges = sorted({0, *cuts, len(stream)})
    desk = Desk(tmp_path_factory.mktemp("cut") / "s")
    async with desk.serving():
        said = await desk.said([stream[a:b] for a, b in pairwise(edges)])
    assert bodies(said) == TOLD
    assert desk.exchange.begun == len(ALL)


async def test_an_answer_that_is_waited_for_holds_back_those_behind_it(desk: Desk) -> None:
    desk.exchange.release.clear()
    async with desk.serving():
        asked = asyncio.ensure_future(desk.said([call(b"/later", b"1") + call(b"/b") + LAST]))
        await asyncio.sleep(0.05)
        assert not asked.done()
        desk.exchange.release.set()
        said = await asked
    assert bodies(said) == [b"POST /later? kong 1", b"POST /b? kong ", b"POST /last?q=1 kong "]


async def test_a_stranger_is_refused_and_cut_off_and_nothing_is_begun(desk: Desk) -> None:
    async with desk.serving():
        said = await desk.said([call(b"/a", b"x").replace(SECRET.encode(), b"wrong") + call(b"/b")])
    assert bodies(said) == [b"gateway-unauthenticated"]
    assert b"connection: close" in said
    assert desk.exchange.begun == 0
    assert len(desk.reports.refused) == 1


@pytest.mark.parametrize("size", [1025, 5000])
async def test_a_whole_body_beyond_the_limit_is_refused_and_nothing_is_begun(
    desk: Desk, size: int
) -> None:
    chunked = b"POST /a HTTP/1.1\r\n" + FIELDS + b"transfer-encoding: chunked\r\n\r\n"
    chunked += b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
    async with desk.serving():
        for sent in (call(b"/a", b"x" * size), chunked):
            said = await desk.said([sent])
            assert bodies(said) == [b"too-large"]
            assert b"connection: close" in said
    assert desk.exchange.begun == 0


async def test_what_waits_when_the_service_ends_is_still_answered(desk: Desk) -> None:
    desk.exchange.release.clear()
    async with desk.serving() as server:
        asked = asyncio.ensure_future(desk.said([call(b"/later", b"1")]))
        await asyncio.sleep(0.05)
        ending = asyncio.ensure_future(server.stop(5.0))
        await asyncio.sleep(0.05)
        desk.exchange.release.set()
        await ending
        assert bodies(await asked) == [b"POST /later? kong 1"]


async def test_an_answer_that_never_comes_is_cut_off_without_a_word(desk: Desk) -> None:
    desk.exchange.release.clear()
    async with desk.serving() as server:
        asked = asyncio.ensure_future(desk.said([call(b"/later", b"1")]))
        await asyncio.sleep(0.05)
        await server.stop(0.1)
        assert await asked == b""


async def test_nonsense_behind_a_whole_call_never_takes_its_place(desk: Desk) -> None:
    async with desk.serving():
        said = await desk.said([call(b"/a", b"x") + b"nonsense\r\n\r\n"])
    assert said == b"" or bodies(said)[0] == b"POST /a? kong x"


async def test_an_expectation_is_met_before_the_body_is_sent(desk: Desk) -> None:
    head = call(b"/a", b"body", b"expect: 100-continue\r\nconnection: close\r\n")[:-4]
    async with desk.serving():
        said = await desk.said([head, b"body"])
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert said.endswith(b"POST /a? kong body")


async def test_an_answer_to_head_has_no_body(desk: Desk) -> None:
    desk.exchange.methods = None
    async with desk.serving():
        said = await desk.said([call(b"/a", method=b"HEAD", more=b"connection: close\r\n")])
    assert said.endswith(b"\r\n\r\n")
    assert b"content-length: 14" in said


async def test_an_answer_with_a_line_break_in_a_header_field_is_not_written(desk: Desk) -> None:
    desk.exchange.begin = lambda caller, wire: WireAnswer(  # type: ignore[method-assign]
        200, [(b"x-told", b"a\r\nx-evil: 1")], b""
    )
    async with desk.serving():
        said = await desk.said([call(b"/a")])
    assert said == b""


TARGETS = st.lists(
    st.sampled_from(
        [
            b"/",
            b"//",
            b"?",
            b"a",
            b"%2f",
            b"%3F",
            b":",
            b"@",
            b";",
            b"&",
            b"=",
            b"..",
            b"*",
            b"!",
            b"~",
        ]
    ),
    max_size=12,
).map(b"".join)


@given(target=TARGETS)
def test_a_target_is_taken_apart_as_the_usual_parser_does(target: bytes) -> None:
    target = b"/" + target
    read = WholeCalls().read(b"GET " + target + b" HTTP/1.1\r\nhost: a\r\n\r\n")
    usual = httptools.parse_url(target)
    assert read is not None
    assert (read.path, read.query) == (usual.path, usual.query or b"")


ODD = [
    pytest.param(b"GET /a HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", id="a field in two cases"),
    pytest.param(b"GET /a HTTP/1.1\r\nx: a\r\nx: a\r\n\r\n", id="a field twice"),
    pytest.param(b"\r\nGET /a HTTP/1.1\r\nx: a\r\n\r\n", id="a line before it"),
    pytest.param(b"GET /a HTTP/1.1\r\nx: a\r\n\r\nG", id="an octet behind it"),
    pytest.param(b"GET /a HTTP/1.1\r\nx: a\r\n\r\nGET /b HTTP/1.1\r\n\r\n", id="a call behind it"),
    pytest.param(b"GET /a HTTP/1.1\r\nx: a\r\n", id="no end"),
    pytest.param(b"POST /a HTTP/1.1\r\ncontent-length: 2\r\n\r\na", id="half a body"),
    pytest.param(
        b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", id="chunks"
    ),
    pytest.param(b"GET /a HTTP/1.0\r\nx: a\r\n\r\n", id="HTTP/1.0"),
    pytest.param(b"HEAD /a HTTP/1.1\r\nx: a\r\n\r\n", id="HEAD"),
    pytest.param(b"GET /a HTTP/1.1\r\nconnection: close\r\n\r\n", id="the last call"),
    pytest.param(
        b"GET /a HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", id="an upgrade"
    ),
    pytest.param(b"POST /a HTTP/1.1\r\nexpect: 100-continue\r\n\r\n", id="an expectation"),
    pytest.param(b"GET http://a/b HTTP/1.1\r\nx: a\r\n\r\n", id="absolute form"),
    pytest.param(b"GET /a#b HTTP/1.1\r\nx: a\r\n\r\n", id="a fragment"),
    pytest.param(b"GET /a HTTP/1.1\r\nx : a\r\n\r\n", id="a space before the colon"),
    pytest.param(b"GET /a HTTP/1.1\r\nx: a\n\r\n", id="a bare line feed"),
    pytest.param(b"GET /a HTTP/1.1\r\nx: a\r\n b\r\n\r\n", id="a folded line"),
    pytest.param(
        b"POST /a HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na", id="two lengths"
    ),
]


@pytest.mark.parametrize("data", ODD)
def test_what_is_out_of_the_ordinary_is_for_the_usual_parser(data: bytes) -> None:
    calls = WholeCalls()
    assert calls.read(data) is None
    # And leaves nothing behind for the next one.
    read = calls.read(b"GET /next HTTP/1.1\r\ny: b\r\n\r\n")
    assert read == WholeCall("GET", b"/next", b"", {b"y": b"b"}, b"")


def test_a_connection_of_odd_calls_is_tried_no_more() -> None:
    calls = WholeCalls()
    odd, plain = b"GET /a HTTP/1.0\r\n\r\n", b"GET /a HTTP/1.1\r\nx: a\r\n\r\n"
    for _ in range(7):
        assert calls.read(odd) is None
    assert calls.read(plain) is not None
    for _ in range(8):
        assert calls.read(odd) is None
    assert calls.read(plain) is None
