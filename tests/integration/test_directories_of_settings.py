"""The whole service, built from settings, with each kind of directory that is asked elsewhere."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deemster.app import Application, build_application
from deemster.model.clock import SystemClock
from deemster.telemetry.service_log import build_service_log
from tests.support.scim_server import ScimServer, a_scim_server, a_user
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder

STATIC = "static: {users: {alice: {groups: [sales]}, mallory: {enabled: false}}}"


@pytest.fixture
async def server() -> AsyncIterator[ScimServer]:
    async with a_scim_server() as found:
        yield found


def a_folder(path: Path, source: str) -> ServiceFolder:
    folder = a_service_folder(path)
    text = folder.settings_file.read_text(encoding="utf-8")
    assert STATIC in text
    folder.settings_file.write_text(text.replace(STATIC, source), encoding="utf-8")
    return folder


@asynccontextmanager
async def running(folder: ServiceFolder) -> AsyncIterator[tuple[Application, io.StringIO]]:
    stream = io.StringIO()
    clock = SystemClock()
    log = build_service_log(stream, clock)
    app = build_application(folder.settings(), clock=clock, log=log)
    try:
        await app.startup()
        yield app, stream
    finally:
        await app.shutdown(5.0)


async def answered(app: Application, token: str) -> int:
    """200 for a permit, else what the client is told."""
    transport = httpx.ASGITransport(app.decisions)
    async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
        answer = await client.post(
            "/sideband/request", json=a_call(token), headers={"client-token": SECRET}
        )
    assert answer.status_code == 200
    told = answer.json()
    return int(told["response"]["response_code"]) if "response" in told else 200


async def test_users_of_a_scim_directory(tmp_path: Path, server: ScimServer) -> None:
    server.users = [
        a_user("1", userName="alice", groups=[{"value": "g", "display": "sales"}]),
        a_user("2", userName="bob"),
        a_user("3", userName="mallory", active=False, groups=[{"display": "sales"}]),
    ]
    server.authorization = "Basic ZGVlbXN0ZXI6cGFzcw=="
    (tmp_path / "password").write_text("pass\n", encoding="utf-8")
    folder = a_folder(
        tmp_path,
        f'scim: {{url: "{server.url}", allowPrivate: true, user: {{by: userName}}, '
        'auth: {basic: {user: deemster, password: "${file:password}"}}}',
    )
    async with running(folder) as (app, _):
        assert await answered(app, folder.token(sub="alice")) == 200
        assert await answered(app, folder.token(sub="bob")) == 403
        assert await answered(app, folder.token(sub="mallory")) in (401, 403)
        assert await answered(app, folder.token(sub="nobody")) in (401, 403)


@pytest.mark.catalogue("I4", "I7")
async def test_a_credential_that_is_renewed_is_sent_and_a_wrong_one_permits_nobody(
    tmp_path: Path, server: ScimServer
) -> None:
    server.users = [a_user("alice", groups=[{"display": "sales"}]),
                    a_user("carol", groups=[{"display": "sales"}])]  # fmt: skip
    server.authorization = "Bearer first-SECRET"
    secret = tmp_path / "scim-token"
    secret.write_text("first-SECRET", encoding="utf-8")
    folder = a_folder(
        tmp_path,
        f'scim: {{url: "{server.url}", allowPrivate: true, user: {{by: id}}, '
        'auth: {bearer: "${file:scim-token}"}}',
    )
    async with running(folder) as (app, log):
        assert await answered(app, folder.token(sub="alice")) == 200
        server.authorization = "Bearer second-SECRET"
        assert await answered(app, folder.token(sub="carol")) != 200
        secret.write_text("second\nSECRET", encoding="utf-8")
        assert not await app.reload()
        secret.write_text("second-SECRET", encoding="utf-8")
        assert await app.reload()
        assert await answered(app, folder.token(sub="carol")) == 200
        assert "SECRET" not in log.getvalue()
    assert "SECRET" not in folder.log_file.read_text(encoding="utf-8")
    assert not [request for request in server.seen if b"SECRET" in request.scope["query_string"]]


async def test_users_of_a_userinfo_endpoint(tmp_path: Path, server: ScimServer) -> None:
    tokens: dict[str, dict[str, object]] = {}

    async def userinfo(request: Request) -> Response:
        if request.url.path == "/.well-known/openid-configuration":
            issuer = f"http://127.0.0.1:{server.port}"
            return JSONResponse({"issuer": issuer, "userinfo_endpoint": f"{issuer}/me"})
        found = tokens.get(request.headers["authorization"].removeprefix("Bearer "))
        return Response(status_code=401) if found is None else JSONResponse(found)

    server.fault = userinfo
    folder = a_folder(
        tmp_path,
        f'userinfo: {{discovery: "http://127.0.0.1:{server.port}", allowPrivate: true, '
        "groups: groups}",
    )
    alice, bob, eve = [folder.token(sub=sub) for sub in ("alice", "bob", "eve")]
    tokens[alice] = {"sub": "alice", "groups": ["sales"]}
    tokens[bob] = {"sub": "bob", "groups": []}
    tokens[eve] = {"sub": "alice", "groups": ["sales"]}
    async with running(folder) as (app, _):
        assert await answered(app, alice) == 200
        assert await answered(app, bob) == 403
        assert await answered(app, eve) not in (200, 403)
        assert await answered(app, folder.token(sub="nobody")) not in (200, 403)


async def test_users_as_their_tokens_tell_of_them(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "claims: {groups: [realm, groups]}")
    async with running(folder) as (app, _):
        assert await answered(app, folder.token(realm={"groups": ["sales"]})) == 200
        assert await answered(app, folder.token(realm={"groups": ["other"]})) == 403
        assert await answered(app, folder.token()) not in (200, 403)
    records = [json.loads(line) for line in folder.log_file.read_text("utf-8").splitlines()]
    assert len(records) == 3
