"""The whole service on sideband's response leg: policies over what the upstream answered."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deemster.app import Application, build_application
from deemster.model.clock import SystemClock
from deemster.telemetry.service_log import build_service_log
from tests.support.service import SECRET, ServiceFolder, a_service_folder

RESPONSE = """
response:
  policies:
    - id: no-drafts
      combiningAlgorithm: deny-overrides
      rules:
        - {id: failed, effect: deny, when: "response.status >= 500",
           deniedReason: {code: try.later, message: "Not now."}}
        - {id: draft, effect: deny, when: "has(attr.state) && attr.state == 'draft'"}
attributes: {state: {type: string, optional: true, source: {body: "$.state"}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> ServiceFolder:
    return a_service_folder(tmp_path)


@asynccontextmanager
async def serving(
    folder: ServiceFolder, change: Callable[[str], str]
) -> AsyncIterator[Application]:
    file = folder.path / "policies" / "orders.yaml"
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    clock = SystemClock()
    log = build_service_log(io.StringIO(), clock)
    app = build_application(folder.settings(), clock=clock, log=log)
    try:
        await app.startup()
        yield app
    finally:
        await app.shutdown(5.0)


def an_answer(
    body: str = "{}", *, code: str = "200", url: str = "https://api.example.com/orders"
) -> dict[str, object]:
    return {
        "method": "GET",
        "url": url,
        "http_version": "1.1",
        "response_code": code,
        "response_status": "OK",
        "headers": [{"content-type": "application/json"}],
        "body": body,
    }


async def told(app: Application, body: dict[str, object]) -> tuple[str, str]:
    """Status and body that the gateway passes on."""
    transport = httpx.ASGITransport(app.decisions)
    async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
        reply = await client.post("/sideband/response", json=body, headers={"client-token": SECRET})
    assert reply.status_code == 200
    found = reply.json()
    return found["response_code"], found["body"]


async def test_an_answer_is_passed_on_or_replaced_as_policies_say(folder: ServiceFolder) -> None:
    async with serving(folder, lambda text: text + RESPONSE) as app:
        assert await told(app, an_answer('{"iban":"CANARY"}')) == ("200", '{"iban":"CANARY"}')
        code, body = await told(app, an_answer('{"state":"draft"}'))
        assert (code, json.loads(body)["code"]) == ("403", "policy-denied")
        code, body = await told(app, an_answer(code="502"))
        assert (code, json.loads(body)["code"]) == ("403", "try.later")
        code, body = await told(app, an_answer("no json"))
        assert (code, json.loads(body)["code"]) == ("403", "body-unavailable")
        code, _ = await told(app, an_answer(url="https://api.example.com/orders/other"))
        assert code == "403"
    records = [
        json.loads(line)
        for line in (folder.path / "decisions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [record["reason"] for record in records] == [
        "permitted", "policy-denied", "policy-denied", "body-unavailable", "no-operation",
    ]  # fmt: skip
    assert records[2]["statements"] == [
        {"id": "deniedReason", "code": "denied-reason", "obligatory": False, "fulfilled": True}
    ]
    assert "CANARY" not in json.dumps(records)


async def test_where_no_policy_looks_at_answers_they_pass_whatever_they_are(
    folder: ServiceFolder,
) -> None:
    async with serving(folder, str) as app:
        for answer in (an_answer("no json", code="500"), an_answer(url="https://elsewhere/")):
            assert await told(app, answer) == (answer["response_code"], answer["body"])
    assert not (folder.path / "decisions.jsonl").read_text(encoding="utf-8")


async def test_without_a_state_what_the_caller_would_have_to_be_is_not_known(
    folder: ServiceFolder,
) -> None:
    policy = (
        "\nresponse:\n  policies:\n    - id: mine\n      combiningAlgorithm: deny-overrides\n"
        "      exempt: [health]\n"
        "      rules: [{id: other, effect: deny, when: \"claims.sub != 'alice'\"}]\n"
    )
    async with serving(folder, lambda text: text + policy) as app:
        code, body = await told(app, an_answer())
        assert (code, json.loads(body)["code"]) == ("403", "attribute-missing")
        health = an_answer(url="https://api.example.com/orders/health")
        assert await told(app, health) == ("200", "{}")
