"""`deemster revoke` and the services that hear of it, with a real Redis between them."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from deemster.app import Application, build_application
from deemster.cli.main import app as command
from deemster.model.clock import SystemClock
from deemster.telemetry.service_log import build_service_log
from tests.support.parts import Parts
from tests.support.redis import RedisServer, redis_server
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder


@pytest.fixture
def server(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(parts, tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, server: RedisServer) -> ServiceFolder:
    found = a_service_folder(tmp_path)
    text = found.settings_file.read_text(encoding="utf-8")
    text = text.replace("directory: people\n", "directory: people\n    revocation: {keep: 24h}\n")
    text += f"shared: {{url: '{server.url}', timeout: 500ms}}\n"
    text += "revocations: {refresh: 100ms, maxStale: 2s}\n"
    found.settings_file.write_text(text, encoding="utf-8")
    return found


class Service:
    def __init__(self, app: Application, log: io.StringIO) -> None:
        self.app = app
        self.log = log

    async def code(self, token: str) -> str:
        """The reason of the deny, or `permitted`."""
        return await self._code(a_call(token))

    async def code_of_claims(self, claims: dict[str, object]) -> str:
        """The same, of what the gateway says that it verified."""
        return await self._code({**a_call(), "access_token": claims})

    async def _code(self, call: dict[str, object]) -> str:
        transport = httpx.ASGITransport(self.app.decisions)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            answer = await client.post(
                "/sideband/request", json=call, headers={"client-token": SECRET}
            )
        assert answer.status_code == 200
        if "response" not in answer.json():
            return "permitted"
        return str(json.loads(answer.json()["response"]["body"])["code"])

    async def becomes(self, token: str, code: str) -> None:
        for _ in range(200):
            if await self.code(token) == code:
                return
            await asyncio.sleep(0.02)
        pytest.fail(f"it never became {code}")


@asynccontextmanager
async def running(folder: ServiceFolder) -> AsyncIterator[Service]:
    stream = io.StringIO()
    clock = SystemClock()
    app = build_application(folder.settings(), clock=clock, log=build_service_log(stream, clock))
    try:
        await app.startup()
        yield Service(app, stream)
    finally:
        await app.shutdown(5.0)


async def revoke(folder: ServiceFolder, *arguments: str) -> str:
    """What the command prints; it runs in a thread, as another process would."""
    line = ["revoke", "--config", str(folder.settings_file), *arguments]
    found = await asyncio.to_thread(CliRunner().invoke, command, line)
    assert found.exit_code == 0, found.output
    return found.output


@pytest.mark.catalogue("J20", "I1")
@pytest.mark.parametrize("kind", ["jti", "sub", "sid"])
async def test_a_token_that_was_just_accepted_is_refused_once_it_is_revoked(
    folder: ServiceFolder, kind: str
) -> None:
    names = {"jti": "t-1", "sub": "alice", "sid": "s-1"}
    token = folder.token(jti="t-1", sid="s-1")
    later = folder.token(jti="t-2", sid="s-1", iat=4_000_000_000 - 1)
    async with running(folder) as service:
        assert await service.code(token) == "permitted"
        await revoke(folder, "--provider", "staff", f"--{kind}", names[kind], "--reason", "lost")
        await service.becomes(token, "token-revoked")
        assert await service.code(later) == "token-not-yet-valid"
        listed = json.loads(await revoke(folder, "--list", "--format", "json"))
        assert [(entry["provider"], entry[kind], entry["reason"]) for entry in listed] == [
            ("staff", names[kind], "lost")
        ]
        assert await revoke(folder, "--provider", "staff", f"--{kind}", names[kind], "--undo")
        await service.becomes(token, "permitted")


async def test_a_token_issued_after_its_subject_was_revoked_is_good(folder: ServiceFolder) -> None:
    async with running(folder) as service:
        old = folder.token(iat=1_700_000_000)
        await revoke(folder, "--provider", "staff", "--sub", "alice")
        await service.becomes(old, "token-revoked")
        await asyncio.sleep(1.1)
        fresh = folder.token(iat=int(SystemClock().wall()))
        assert await service.code(fresh) == "permitted"


@pytest.mark.catalogue("J20")
@pytest.mark.parametrize("kind", ["jti", "sub", "sid"])
async def test_claims_of_a_revoked_token_are_refused_whoever_verified_them(
    folder: ServiceFolder, kind: str
) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace("  - id: kong\n", "  - id: kong\n    asserts: [staff]\n")
    folder.settings_file.write_text(text, encoding="utf-8")
    names = {"jti": "t-1", "sub": "alice", "sid": "s-1"}
    claims: dict[str, object] = {
        **names,
        "iss": "https://staff.example.com",
        "aud": "orders",
        "scope": "orders.read",
        "iat": 1_700_000_000,
        "exp": 4_000_000_000,
    }
    async with running(folder) as service:
        assert await service.code_of_claims(claims) == "permitted"
        await revoke(folder, "--provider", "staff", f"--{kind}", names[kind])
        await service.becomes(folder.token(**names), "token-revoked")
        assert await service.code_of_claims(claims) == "token-revoked"
        other = {**claims, "jti": "t-2", "sub": "bob", "sid": "s-2"}
        assert await service.code_of_claims(other) == "user-unknown"


@pytest.mark.catalogue("I1")
async def test_a_lost_store_is_borne_for_a_while_and_then_nothing_is_believed(
    folder: ServiceFolder, server: RedisServer
) -> None:
    token = folder.token(jti="t-1")
    async with running(folder) as service:
        assert await service.code(token) == "permitted"
        server.stop()
        assert await service.code(token) == "permitted"
        await service.becomes(token, "dependency-unavailable")
        assert "shared_store_failed" in service.log.getvalue()
        server.start()
        await service.becomes(token, "permitted")
        assert "shared_store_recovered" in service.log.getvalue()


async def test_a_service_that_never_saw_the_store_believes_nothing(
    folder: ServiceFolder, server: RedisServer
) -> None:
    server.stop()
    async with running(folder) as service:
        assert await service.code(folder.token()) == "dependency-unavailable"
        server.start()
        await service.becomes(folder.token(), "permitted")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--provider", "staf", "--jti", "x"), "did you mean `staff`"),
        (("--jti", "x"), "`--provider` is one of: staff"),
        (("--provider", "staff"), "name one of `--jti`, `--sub` and `--sid`"),
        (("--provider", "staff", "--jti", "x", "--sub", "y"), "name one of"),
        (("--provider", "staff", "--jti", ""), "1 to 1024 characters"),
        (("--provider", "staff", "--jti", "x", "--for", "soon"), "expected a duration"),
        (("--provider", "staff", "--jti", "x", "--undo"), "nothing is revoked"),
        (("--list", "--jti", "x"), "shows all of them"),
    ],
)
async def test_a_mistake_is_told(
    folder: ServiceFolder, arguments: tuple[str, ...], told: str
) -> None:
    line = ["revoke", "--config", str(folder.settings_file), *arguments]
    found = await asyncio.to_thread(CliRunner().invoke, command, line)
    assert found.exit_code == 2
    assert told in " ".join(found.output.replace("│", " ").split())


async def test_without_a_store_the_command_says_what_to_write(tmp_path: Path) -> None:
    found = a_service_folder(tmp_path)
    line = ["revoke", "--config", str(found.settings_file), "--provider", "staff", "--jti", "x"]
    answer = await asyncio.to_thread(CliRunner().invoke, command, line)
    assert answer.exit_code == 2
    assert "revocation: {keep: 24h}" in answer.output
