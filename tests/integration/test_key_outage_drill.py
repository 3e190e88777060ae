"""The issuer away for an hour, for a day and an hour, and back: the whole service, a fake clock.

A real issuer on the loopback address that refuses, hangs, drips, answers HTML or rotates as told;
fetches are counted where they arrive.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deemster.app import Application, build_application
from deemster.telemetry.service_log import build_service_log
from deemster.tokens.jose import SigningKey
from tests.support.clock import FROZEN_AT as NOW
from tests.support.clock import FrozenClock
from tests.support.keys import key_document, raw_token, signing_key
from tests.support.scale import scaled
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder

COOL_DOWN, MAX_STALE = 30.0, 86_400.0
KNOWN = [signing_key(name=f"known-{number}") for number in range(3)]


class Issuer:
    """Publishes keys at `/keys`, or fails in the way that `manner` says."""

    def __init__(self) -> None:
        self.keys: list[SigningKey] = list(KNOWN)
        self.extra: list[dict[str, object]] = []
        self.manner = "well"
        self.fetches = 0
        self._server: asyncio.Server | None = None
        self._ending = asyncio.Event()
        self._answering: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """At once, with every connection."""
        self._ending.set()
        if self._server is not None:
            self._server.close()
            self._server = None
        await asyncio.gather(*self._answering, return_exceptions=True)
        self._ending.clear()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            self.fetches += 1
            await getattr(self, f"_{self.manner}")(writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _well(self, writer: asyncio.StreamWriter) -> None:
        self._send(writer, "200 OK", key_document(*self.keys, *self.extra))
        await writer.drain()

    async def _html(self, writer: asyncio.StreamWriter) -> None:
        self._send(writer, "200 OK", b"<html>maintenance</html>", "text/html")
        await writer.drain()

    async def _error(self, writer: asyncio.StreamWriter) -> None:
        self._send(writer, "500 Internal Server Error", b"{}")
        await writer.drain()

    async def _redirect(self, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
        )
        await writer.drain()

    async def _hang(self, writer: asyncio.StreamWriter) -> None:
        await self._ending.wait()

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not self._ending.is_set():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.1)

    @staticmethod
    def _send(
        writer: asyncio.StreamWriter, status: str, body: bytes, kind: str = "application/json"
    ) -> None:
        writer.write(
            f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n"
            f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )


class Drill:
    def __init__(
        self, app: Application, clock: FrozenClock, issuer: Issuer, log: io.StringIO
    ) -> None:
        self.app = app
        self.log = log
        self.clock = clock
        self.issuer = issuer
        transport = httpx.ASGITransport(app.decisions)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://pdp")

    async def code(self, key: SigningKey, **header: object) -> str:
        """The reason of the deny, or `permitted`, of a fresh token signed by `key`."""
        now = int(self.clock.wall())
        token = raw_token(
            header,
            {
                "iss": self.iss,
                "aud": "orders",
                "sub": "alice",
                "client_id": "shop",
                "scope": "orders.read",
                "iat": now,
                "exp": now + 300,
                "jti": str(now),
            },
            key=key,
        )
        answer = await self._client.post(
            "/sideband/request", json=a_call(token), headers={"client-token": SECRET}
        )
        assert answer.status_code == 200
        if "response" not in answer.json():
            return "permitted"
        return str(json.loads(answer.json()["response"]["body"])["code"])

    @property
    def iss(self) -> str:
        return "https://staff.example.com"

    async def settle(self) -> None:
        """Let what was begun in the background come to its end."""
        await asyncio.sleep(0.05)

    async def pass_time(self, seconds: float, step: float = 20.0) -> Counter[str]:
        """A call with each known key every `step` seconds; what came of them."""
        found: Counter[str] = Counter()
        ends = self.clock.monotonic() + seconds
        while self.clock.monotonic() < ends:
            self.clock.advance(min(step, ends - self.clock.monotonic()))
            for key in KNOWN:
                found[await self.code(key)] += 1
            await self.settle()
        return found

    async def close(self) -> None:
        await self._client.aclose()


@pytest.fixture
def folder(tmp_path: Path) -> ServiceFolder:
    return a_service_folder(tmp_path)


@asynccontextmanager
async def drill(folder: ServiceFolder) -> AsyncIterator[Drill]:
    issuer = Issuer()
    await issuer.start()
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace(
        "{insecureDevelopmentKey: development-key.json}",
        f"{{jwksUrl: 'http://127.0.0.1:{issuer.port}/keys'}}",
    )
    folder.settings_file.write_text(text, encoding="utf-8")
    clock = FrozenClock()
    stream = io.StringIO()
    log = build_service_log(stream, clock)
    app = build_application(folder.settings(), clock=clock, log=log)
    await app.startup()
    running = Drill(app, clock, issuer, stream)
    try:
        for key in KNOWN:
            assert await running.code(key) == "permitted"
        yield running
    finally:
        await running.close()
        await app.shutdown(5.0)
        await issuer.stop()


@pytest.mark.catalogue("K2", "F18")
async def test_the_issuer_is_gone_for_an_hour_and_nobody_notices(folder: ServiceFolder) -> None:
    async with drill(folder) as running:
        assert running.issuer.fetches == 1
        running.issuer.manner = "error"
        asked_before = running.issuer.fetches
        found = await running.pass_time(3600)
        fetches = running.issuer.fetches - asked_before
        assert found == {"permitted": 540}
        # None in the first ten minutes, then at most one in a cool-down.
        assert 50 <= fetches <= (3600 - 600) / COOL_DOWN + 1


@pytest.mark.slow
@pytest.mark.catalogue("K2", "F18")
async def test_the_issuer_is_gone_for_more_than_a_day_and_back(folder: ServiceFolder) -> None:
    async with drill(folder) as running:
        await running.issuer.stop()
        served = await running.pass_time(MAX_STALE - 60, step=300)
        assert set(served) == {"permitted"}
        running.clock.advance(60 + COOL_DOWN)
        denied = await running.pass_time(3600, step=20)
        assert set(denied) == {"dependency-unavailable"}
        await running.issuer.start()
        waited = 0
        while await running.code(KNOWN[0]) != "permitted":
            running.clock.advance(1)
            waited += 1
            await running.settle()
            assert waited <= COOL_DOWN + 1
        assert set(await running.pass_time(600)) == {"permitted"}


@pytest.mark.slow
@pytest.mark.parametrize("manner", ["html", "error", "redirect", "hang", "drip"])
@pytest.mark.catalogue("K1", "K4")
async def test_however_it_fails_known_keys_serve_and_a_new_one_waits(
    folder: ServiceFolder, manner: str
) -> None:
    new = signing_key(name="new")
    async with drill(folder) as running:
        running.issuer.manner = manner
        running.issuer.keys.append(new)
        running.clock.advance(COOL_DOWN)
        assert await running.code(new) in {"token-signature-invalid", "dependency-unavailable"}
        for key in KNOWN:
            assert await running.code(key) == "permitted"
        asked = running.issuer.fetches
        for _ in range(20):
            await running.code(new)
        assert running.issuer.fetches == asked
        running.issuer.manner = "well"
        # The fetch that hangs has its own end; then a cool-down, and for the id two of them.
        await asyncio.sleep(2.2 if manner in {"hang", "drip"} else 0.05)
        running.clock.advance(2 * COOL_DOWN + 1)
        assert await running.code(new) == "permitted"


@pytest.mark.catalogue("K3")
async def test_an_issuer_that_rotates_every_minute_is_followed(folder: ServiceFolder) -> None:
    async with drill(folder) as running:
        keys = [signing_key(name=f"minute-{number}") for number in range(10)]
        before = running.issuer.fetches
        for number, key in enumerate(keys):
            running.clock.advance(60)
            running.issuer.keys = [key]
            assert await running.code(key) == "permitted"
            if number:
                # The one before is not published any more.
                assert await running.code(keys[number - 1]) == "token-signature-invalid"
        fetches = running.issuer.fetches - before
        assert fetches == 10


@pytest.mark.catalogue("K1", "J6")
async def test_a_flood_of_unknown_keys_costs_one_fetch_in_a_cool_down(
    folder: ServiceFolder,
) -> None:
    stranger = signing_key(name="stranger")
    async with drill(folder) as running:
        before = running.issuer.fetches
        running.clock.advance(COOL_DOWN)
        calls = scaled(2000)
        for start in range(0, calls, 50):
            found = await asyncio.gather(
                *[running.code(stranger, kid=f"kid-{start + n}") for n in range(50)]
            )
            assert set(found) == {"token-signature-invalid"}
        assert running.issuer.fetches - before == 1
        for key in KNOWN:
            assert await running.code(key) == "permitted"


@pytest.mark.catalogue("K2")
@pytest.mark.parametrize("step", [-3600, 3600, -86_400])
async def test_steps_of_the_clock_lose_no_key(folder: ServiceFolder, step: int) -> None:
    async with drill(folder) as running:
        running.issuer.manner = "error"
        running.clock.set_wall(NOW + step)
        for key in KNOWN:
            assert await running.code(key) == "permitted"


@pytest.mark.catalogue("K7")
async def test_proxies_of_the_environment_are_not_asked(
    folder: ServiceFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = Issuer()
    await canary.start()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        for spelt in (name, name.lower()):
            monkeypatch.setenv(spelt, f"http://127.0.0.1:{canary.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    try:
        async with drill(folder) as running:
            assert running.issuer.fetches == 1
    finally:
        await canary.stop()
    assert canary.fetches == 0


@pytest.mark.catalogue("J5", "K4")
async def test_what_a_token_names_is_never_fetched(folder: ServiceFolder) -> None:
    canary = Issuer()
    await canary.start()
    url = f"http://127.0.0.1:{canary.port}/keys"
    stranger = signing_key(name="stranger")
    try:
        async with drill(folder) as running:
            for header in ({"jku": url}, {"x5u": url}, {"kid": url}, {"jwk": stranger.public_jwk}):
                assert await running.code(stranger, **header) in {
                    "token-malformed",
                    "token-signature-invalid",
                }
    finally:
        await canary.stop()
    assert canary.fetches == 0


@pytest.mark.catalogue("K6", "J15")
async def test_a_key_that_cannot_be_used_is_told_and_the_others_serve(
    folder: ServiceFolder,
) -> None:
    async with drill(folder) as running:
        weak: dict[str, object] = {"kty": "oct", "k": "c2VjcmV0", "kid": "weak"}
        running.issuer.extra = [weak, KNOWN[1].public_jwk]
        running.clock.advance(COOL_DOWN)
        assert await running.code(signing_key(name="new")) == "token-signature-invalid"
        assert await running.code(KNOWN[0]) == "permitted"
        # Of twins neither is used.
        assert await running.code(KNOWN[1]) == "token-signature-invalid"
        told = [line for line in running.log.getvalue().splitlines() if "keys_dropped" in line]
        assert len(told) == 1
        assert "key type not supported" in told[0]
        assert "duplicate key id" in told[0]
        assert "c2VjcmV0" not in told[0]
        assert running.app.figures.keys == {"staff": (2, 2)}
