"""The whole service with attributes: services and queries from the settings, asked for real."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from deemster.app import Application, build_application
from deemster.cli.main import app as command
from deemster.errors import ConfigurationError, PolicyError
from deemster.model.clock import SystemClock
from deemster.policy.codes import Code
from deemster.telemetry.service_log import build_service_log
from tests.support.faulty_service import FaultyService, a_faulty_service
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder

ORDERS = """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: orders}
service:
  baseUrls: [https://api.example.com/orders]
  tokenProvider: {type: internal, id: staff}
  audience: orders
attributes:
  score:
    type: int
    source: {http: {service: risk, path: "/score/{claims.sub}", select: "$.score", cache: 60s}}
  limit:
    type: int
    source: {sql: {query: limit, parameters: {owner: "{claims.sub}"}}}
operations:
  - id: list
    match: {methods: [GET], path: /}
    allow: {when: "attr.score < 70 && attr.limit == 100"}
"""
SOURCES = """
services:
  risk: {url: "http://127.0.0.1:PORT", allowPrivate: true, bearer: "${file:risk-token}"}
databases: {ledger: {url: "sqlite+aiosqlite:///ledger.db"}}
queries: {limit: {database: ledger, sql: "SELECT amount FROM limits WHERE owner = :owner"}}
deadlines: {decision: 20s, attribute: 10s}
"""


@pytest.fixture
async def risk() -> AsyncIterator[FaultyService]:
    async with a_faulty_service({"/score/alice": {"score": 30}}) as service:
        yield service


@pytest.fixture
def folder(tmp_path: Path, risk: FaultyService) -> ServiceFolder:
    folder = a_service_folder(tmp_path)
    (tmp_path / "policies" / "orders.yaml").write_text(ORDERS, encoding="utf-8")
    (tmp_path / "risk-token").write_text("first\n", encoding="utf-8")
    with folder.settings_file.open("a", encoding="utf-8") as file:
        file.write(SOURCES.replace("PORT", str(risk.port)))
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        ledger.execute("CREATE TABLE limits (owner, amount)")
        ledger.execute("INSERT INTO limits VALUES ('alice', 100)")
    ledger.close()
    return folder


@asynccontextmanager
async def running(folder: ServiceFolder) -> AsyncIterator[Application]:
    clock = SystemClock()
    log = build_service_log(io.StringIO(), clock)
    app = build_application(folder.settings(), clock=clock, log=log)
    try:
        await app.startup()
        yield app
    finally:
        await app.shutdown(5.0)


async def ask(app: Application, folder: ServiceFolder) -> str:
    """`permitted`, or the reason of the deny."""
    transport = httpx.ASGITransport(app.decisions)
    async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
        headers = {"client-token": SECRET}
        body = a_call(folder.token())
        answer = await client.post("/sideband/request", json=body, headers=headers)
    assert answer.status_code == 200
    denied = answer.json().get("response")
    return "permitted" if denied is None else str(json.loads(denied["body"])["code"])


async def metrics(app: Application) -> str:
    transport = httpx.ASGITransport(app.management)
    async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
        return (await client.get("/metrics")).text


async def test_a_service_and_a_query_decide(folder: ServiceFolder, risk: FaultyService) -> None:
    async with running(folder) as app:
        assert await ask(app, folder) == "permitted"
        assert await ask(app, folder) == "permitted"
        shown = await metrics(app)
    assert risk.targets == ["/score/alice"]
    assert risk.received[0].header("authorization") == ["Bearer first"]
    assert 'deemster_attribute_answers_total{outcome="cached",source="risk"} 1.0' in shown
    assert 'deemster_attribute_answers_total{outcome="fetched",source="risk"} 1.0' in shown
    assert 'deemster_attribute_answers_total{outcome="fetched",source="limit"} 2.0' in shown
    assert "deemster_attribute_circuits_open 0.0" in shown
    log = folder.log_file.read_text(encoding="utf-8")
    assert '"attr.score"' in log
    assert "first" not in log


async def test_a_service_that_fails_denies_as_unavailable(
    folder: ServiceFolder, risk: FaultyService
) -> None:
    risk.documents = {"/score/alice": {"score": "low"}}
    async with running(folder) as app:
        assert await ask(app, folder) == "indeterminate"
    tree = folder.path / "policies" / "orders.yaml"
    tree.write_text(ORDERS.replace("/score/", "/error/"), encoding="utf-8")
    async with running(folder) as app:
        assert await ask(app, folder) == "dependency-unavailable"


async def test_credentials_are_read_again_on_a_reload(
    folder: ServiceFolder, risk: FaultyService
) -> None:
    async with running(folder) as app:
        (folder.path / "risk-token").write_text("second\n", encoding="utf-8")
        assert await app.reload()
        await ask(app, folder)
        (folder.path / "risk-token").unlink()
        assert not await app.reload()
    assert risk.received[0].header("authorization") == ["Bearer second"]


async def test_a_tree_that_names_what_the_settings_have_not_is_not_served(
    folder: ServiceFolder,
) -> None:
    tree = folder.path / "policies" / "orders.yaml"
    tree.write_text(ORDERS.replace("service: risk", "service: riks"), encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        async with running(folder):
            pass
    assert [item.code for item in refused.value.diagnostics.errors] == [Code.UNKNOWN_SOURCE]


async def test_tls_files_that_cannot_be_used_stop_the_start(folder: ServiceFolder) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    folder.settings_file.write_text(
        text.replace("allowPrivate: true", "allowPrivate: true, tls: {ca: nowhere.pem}"),
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError, match="TLS files of the service `risk`"):
        async with running(folder):
            pass


async def test_decide_asks_the_services_of_the_settings(folder: ServiceFolder) -> None:
    arguments = ["decide", "--config", str(folder.settings_file), "--method", "GET"]
    call = ["--url", "https://api.example.com/orders", "--token", folder.token()]
    result = await asyncio.to_thread(CliRunner().invoke, command, [*arguments, *call])
    assert result.exit_code == 0, result.output
    assert "30 (fetched)" in result.output
    assert "100 (fetched)" in result.output


async def test_decide_without_settings_takes_what_the_sources_answer(
    folder: ServiceFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.path)
    call = ["decide", "--url", "https://api.example.com/orders", "--sub", "alice"]

    async def asked(attributes: str) -> tuple[int, str]:
        arguments = [*call, "--attributes", attributes]
        result = await asyncio.to_thread(CliRunner().invoke, command, arguments)
        return result.exit_code, result.output

    status, told = await asked('{"score": 3, "limit": 100}')
    assert (status, "3 (given)" in told) == (0, True)
    status, told = await asked('{"score": 3}')
    assert (status, "dependency-unavailable" in told) == (1, True)
    status, told = await asked('{"skore": 3}')
    assert (status, "did you mean `score`?" in told) == (2, True)
