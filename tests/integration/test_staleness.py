"""How long can it still permit? Each row of `show-config --staleness`, driven over its bound.

A fake clock; the whole service but its sockets. Each test takes the row from the settings that the
service runs with, permits just before the bound and denies after it.
"""

from __future__ import annotations

import asyncio
import importlib
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import respx
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from deemster.app import Application, build_application
from deemster.cli.main import app as command
from deemster.plugins import TOKEN_PROVIDERS
from deemster.settings.staleness import Bound, staleness_of
from deemster.telemetry.service_log import build_service_log
from deemster.usercontext.sql_schema import groups, users
from tests.support.announced_plugins import announce
from tests.support.clock import FROZEN_AT as NOW
from tests.support.clock import FrozenClock
from tests.support.keys import key_document, raw_token, signing_key
from tests.support.proofs import a_proof, thumbprint
from tests.support.service import OTHER_SECRET, SECRET, ServiceFolder, a_call, a_service_folder

KEYS = "https://127.0.0.1/keys"
ISSUED = signing_key(name="issuer")


@pytest.fixture
def folder(tmp_path: Path) -> ServiceFolder:
    """Of a service that fetches keys by URL and looks users up in a database."""
    found = a_service_folder(tmp_path)
    settings = found.settings_file.read_text(encoding="utf-8")
    settings = settings.replace(
        "{insecureDevelopmentKey: development-key.json}", f"{{jwksUrl: '{KEYS}'}}"
    )
    settings = settings.replace("y: people\n", "y: people\n    dpop: {mode: enabled}\n")
    settings = settings.replace(
        "static: {users: {alice: {groups: [sales]}, mallory: {enabled: false}}}",
        "sql: {url: 'sqlite+aiosqlite:///people.db'}\n    cache: 60s",
    )
    found.settings_file.write_text(settings, encoding="utf-8")
    engine = create_engine(f"sqlite:///{tmp_path / 'people.db'}")
    users.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(users.insert().values(id="alice", enabled=True))
        connection.execute(groups.insert().values(user_id="alice", name="sales"))
    engine.dispose()
    return found


def a_token(**claims: object) -> str:
    usual: dict[str, object] = {
        "iss": "https://staff.example.com",
        "aud": "orders",
        "sub": "alice",
        "client_id": "shop",
        "scope": "orders.read",
        "iat": int(NOW) - 60,
        "exp": int(NOW) + 1_000_000,
    }
    return raw_token({}, usual | claims, key=ISSUED)


class Service:
    def __init__(self, app: Application, clock: FrozenClock, keys: respx.Route) -> None:
        self.app = app
        self.clock = clock
        self.keys = keys

    def row(self, what: str) -> Bound:
        (found,) = [bound for bound in staleness_of(self.app.settings) if bound.what == what]
        return found

    async def code(self, token: str, *, secret: str = SECRET, proof: str | None = None) -> str:
        """The reason of the deny, or `permitted`."""
        body = a_call(token)
        if proof is not None:
            headers = [{"authorization": f"DPoP {token}"}, {"dpop": proof}]
            body["headers"] = [{"host": "api.example.com"}, *headers]
        transport = httpx.ASGITransport(self.app.decisions)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            answer = await client.post(
                "/sideband/request", json=body, headers={"client-token": secret}
            )
        if answer.status_code != 200:
            return str(answer.json()["code"])
        if "response" not in answer.json():
            return "permitted"
        return str(json.loads(answer.json()["response"]["body"])["code"])

    async def settle(self) -> None:
        """Let a fetch in the background end."""
        for _ in range(50):
            await asyncio.sleep(0)


@asynccontextmanager
async def running(folder: ServiceFolder) -> AsyncIterator[Service]:
    clock = FrozenClock()
    log = build_service_log(io.StringIO(), clock)
    app = build_application(folder.settings(), clock=clock, log=log)
    with respx.mock(assert_all_called=False) as router:
        keys = router.get(KEYS).respond(content=key_document(ISSUED))
        try:
            await app.startup()
            clock.advance(1)
            yield Service(app, clock, keys)
        finally:
            await app.shutdown(5.0)


async def test_a_revoked_token_without_revocation_until_it_has_expired(
    folder: ServiceFolder,
) -> None:
    async with running(folder) as service:
        row = service.row("a revoked token")
        assert (row.seconds, row.in_outage) == (None, None)
        token = a_token(exp=int(NOW) + 300)
        assert await service.code(token) == "permitted"
        service.clock.advance(300 + 30 - 2)
        assert await service.code(token) == "permitted"
        service.clock.advance(2)
        assert await service.code(token) == "token-expired"


async def test_a_removed_key(folder: ServiceFolder) -> None:
    async with running(folder) as service:
        row = service.row("a token of a key that was removed")
        assert row.seconds is not None
        assert await service.code(a_token()) == "permitted"
        service.keys.respond(content=key_document(signing_key(name="another")))
        service.clock.advance(row.seconds - 31)
        assert await service.code(a_token()) == "permitted"
        service.clock.advance(31.001)
        assert await service.code(a_token()) == "token-signature-invalid"


async def test_a_removed_key_while_its_issuer_is_away(folder: ServiceFolder) -> None:
    async with running(folder) as service:
        row = service.row("a token of a key that was removed")
        assert row.in_outage is not None
        token = a_token()
        assert await service.code(token) == "permitted"
        service.keys.respond(status_code=503)
        service.clock.advance(row.in_outage - 31)
        assert await service.code(token) == "permitted"
        service.clock.advance(31)
        assert await service.code(token) == "dependency-unavailable"


async def test_a_disabled_user_and_a_group_that_was_left(folder: ServiceFolder) -> None:
    engine = create_engine(f"sqlite:///{folder.path / 'people.db'}")
    for change, code in (
        ("UPDATE users SET enabled = 0", "user-disabled"),
        ("DELETE FROM user_groups", "group-missing"),
    ):
        async with running(folder) as service:
            row = service.row("a disabled user, or a group that was left")
            assert row.seconds == 60.0
            assert await service.code(a_token()) == "permitted"
            with engine.begin() as connection:
                connection.execute(text("UPDATE users SET enabled = 1"))
                connection.execute(text(change))
            service.clock.advance(row.seconds - 0.001)
            assert await service.code(a_token()) == "permitted"
            service.clock.advance(0.002)
            assert await service.code(a_token()) == code
        with engine.begin() as connection:
            connection.execute(text("UPDATE users SET enabled = 1"))
    engine.dispose()


@pytest.mark.parametrize(("late", "code"), [(-0.5, "permitted"), (0.5, "proof-invalid")])
async def test_a_stolen_proof_that_was_not_used(
    folder: ServiceFolder, late: float, code: str
) -> None:
    async with running(folder) as service:
        row = service.row("a stolen proof that was not used")
        assert row.seconds == 120 + 2 * 30
        token = a_token(cnf={"jkt": thumbprint()})
        # Of a client whose clock is ahead, which is the longest that a proof can be good for.
        made = int(service.clock.wall()) + 30
        proof = a_proof(token, iat=made)
        service.clock.advance(made - 30 - service.clock.wall() + row.seconds + late)
        assert await service.code(token, proof=proof) == code


async def test_an_old_policy_until_the_next_reload(folder: ServiceFolder) -> None:
    async with running(folder) as service:
        assert service.row("a call that a new policy denies").seconds is None
        folder.require_group("nobody")
        service.clock.advance(1_000)
        assert await service.code(a_token()) == "permitted"
        assert await service.app.reload()
        assert await service.code(a_token()) == "group-missing"


async def test_a_withdrawn_secret_until_the_next_reload(folder: ServiceFolder) -> None:
    async with running(folder) as service:
        assert service.row("a gateway whose secret was withdrawn").seconds is None
        folder.change_secret(OTHER_SECRET)
        assert await service.code(a_token()) == "permitted"
        assert await service.app.reload()
        assert await service.code(a_token()) == "gateway-unauthenticated"
        assert await service.code(a_token(), secret=OTHER_SECRET) == "permitted"


def test_the_command_shows_every_row_in_words_and_as_json(folder: ServiceFolder) -> None:
    line = ["show-config", "--staleness", "--config", str(folder.settings_file)]
    shown = CliRunner().invoke(command, line).output
    told = json.loads(CliRunner().invoke(command, [*line, "--format", "json"]).output)
    bounds = staleness_of(folder.settings())
    assert [entry["what"] for entry in told] == [bound.what for bound in bounds]
    assert [entry["seconds"] for entry in told] == [bound.seconds for bound in bounds]
    assert "a token of a key that was removed, token provider `staff`: 630 s, in an outage" in shown
    for bound in bounds:
        assert bound.why in shown


async def test_a_group_that_stands_in_the_token_until_the_token_has_expired(
    folder: ServiceFolder,
) -> None:
    settings = folder.settings_file.read_text(encoding="utf-8")
    before = "sql: {url: 'sqlite+aiosqlite:///people.db'}\n    cache: 60s"
    assert before in settings
    settings = settings.replace(before, "claims: {groups: groups}")
    folder.settings_file.write_text(settings, encoding="utf-8")
    async with running(folder) as service:
        row = service.row("a disabled user, or a group that was left")
        assert (row.seconds, row.in_outage) == (None, None)
        left = a_token(exp=int(NOW) + 600, groups=["sales"])
        assert await service.code(left) == "permitted"
        # The issuer says otherwise from now on; the token does not.
        assert await service.code(a_token(groups=["crew"])) == "group-missing"
        service.clock.advance(600 + 30 - 2)
        assert await service.code(left) == "permitted"
        service.clock.advance(2)
        assert await service.code(left) == "token-expired"


PLUGIN = """
from deemster.plugins import Reason, TokenRejectedError

TAKEN = {"opaque-1": True}

class Reader:
    async def read(self, token, *, now):
        if not TAKEN.get(token):
            raise TokenRejectedError(Reason.TOKEN_INACTIVE)
        return {
            "iss": "https://staff.example.com", "aud": "orders", "sub": "alice",
            "client_id": "shop", "scope": "orders.read", "iat": int(now), "exp": int(now) + 3600,
        }
    async def close(self):
        pass

def made(context):
    return Reader()
"""


async def test_a_token_that_its_plug_in_no_longer_takes_is_refused_at_once(
    folder: ServiceFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(
        tmp_path,
        monkeypatch,
        package="staleplugin",
        source=PLUGIN,
        entries={TOKEN_PROVIDERS: {"table": "staleplugin:made"}},
    )
    settings = folder.settings_file.read_text(encoding="utf-8")
    settings = settings.replace(f"keys: {{jwksUrl: '{KEYS}'}}", "plugin: {name: table}")
    folder.settings_file.write_text(settings, encoding="utf-8")
    async with running(folder) as service:
        assert service.row("a token that its plug-in no longer takes").seconds == 0.0
        assert await service.code("opaque-1") == "permitted"
        importlib.import_module("staleplugin").TAKEN["opaque-1"] = False
        assert await service.code("opaque-1") == "token-inactive"
