"""examples/gateways/pinggateway and apigee: their files load, agree, and are what the pages say."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from deemster.app import build_application
from deemster.model.clock import SystemClock
from deemster.settings import Settings, load_settings
from deemster.telemetry.service_log import build_service_log
from tests.support.gateway_calls import a_request_leg
from tests.support.stand import told

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "gateways"
PAGES = ROOT / "docs" / "gateways"
SECRET = "a-secret-0123456789-0123456789-abcdefgh"
ENVIRON = {
    "PDP_SECRET": SECRET,
    "APIGEE_SECRET": SECRET,
    "STATE_KEY": "state-key-" * 4,
    "PEOPLE_DATABASE": "sqlite+aiosqlite:///people.db",
}


def settings_of(name: str) -> Settings:
    return load_settings(EXAMPLES / name / "deemster.yaml", ENVIRON)


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture
def route() -> dict[str, Any]:
    found = json.loads((EXAMPLES / "pinggateway" / "route.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def the_filter(route: dict[str, Any]) -> dict[str, Any]:
    (found,) = route["handler"]["config"]["filters"]
    assert found["type"] == "PingAuthorizeFilter"
    config = found["config"]
    assert isinstance(config, dict)
    return config


@pytest.mark.parametrize("name", ["kong", "pinggateway", "apigee"])
def test_a_page_says_that_the_gateway_was_not_run_and_what_is_unsafe(name: str) -> None:
    assert re.search(r"\*\*\w+( itself)? was not run for this\s+page", page(name))
    assert "## Unsafe by name" in page(name)
    assert "**Fail-open switches.**" in page(name)


def test_pinggateway_asks_where_the_listener_is_and_sends_its_secret_there(
    route: dict[str, Any],
) -> None:
    settings, config = settings_of("pinggateway"), the_filter(route)
    bind = settings.listeners.decisions.bind
    assert config["gatewayServiceUri"] == f"http://{bind}"
    (gateway,) = settings.gateways
    assert config["sharedSecretHeaderName"].lower() == gateway.secret_header
    # SystemAndEnvSecretStore looks for the variable that the id makes in upper snake case.
    assert config["gatewayCredentialSecretId"].replace(".", "_").upper() == "PDP_SECRET"
    assert not gateway.asserts


def test_pinggateway_waits_longer_than_deemster_thinks_and_asks_once(route: dict[str, Any]) -> None:
    settings = settings_of("pinggateway")
    heap = {item["name"]: item for item in route["heap"]}
    config = heap[the_filter(route)["sidebandHandler"]]["config"]
    assert int(config["soTimeout"].split()[0]) > settings.deadlines.decision
    assert config["retries"] == {"enabled": False}
    assert f"`soTimeout: {config['soTimeout']}`" in page("pinggateway")
    assert the_filter(route)["secretsProvider"] in heap


def test_apigee_asks_on_both_legs_and_after_it_verified_the_token() -> None:
    def steps(file: str, path: str) -> list[str | None]:
        root = ET.parse(EXAMPLES / "apigee" / file).getroot()  # noqa: S314  (ours)
        return [name.text for name in root.iterfind(f"PreFlow/{path}/Step/Name")]

    assert steps("proxy-endpoint.xml", "Request") == ["verify-token", "deemster"]
    assert steps("target-endpoint.xml", "Response") == ["deemster"]
    for file, name in (("flow-callout.xml", "deemster"), ("verify-token.xml", "verify-token")):
        policy = ET.parse(EXAMPLES / "apigee" / file).getroot()  # noqa: S314  (ours)
        assert policy.attrib == {"name": name, "enabled": "true", "continueOnError": "false"}


def test_apigee_calls_by_tls_and_may_assert_one_provider() -> None:
    settings = settings_of("apigee")
    assert settings.listeners.decisions.tls is not None
    assert str(settings.listeners.decisions.bind.port) in page("apigee")
    (gateway,) = settings.gateways
    assert gateway.secret_header == "client-token"
    assert set(gateway.asserts) == {"apigee-partners"}


CALLS = {
    "pinggateway": (
        a_request_leg(
            source_port=56782,
            url="https://api.example.com/billing/invoices",
            headers=[{"Host": "api.example.com"}, {"Accept": "*/*"}],
            body=...,
        ),
        "401 token-missing",
    ),
    "apigee": (
        a_request_leg(
            url="https://partners.example.com/orders/v2/p-7/orders",
            headers=[{"host": "partners.example.com"}],
            access_token={"active": True, "client_id": "other", "partner_id": "p-7"},
        ),
        "403 policy-denied",
    ),
}


@pytest.mark.parametrize("name", ["pinggateway", "apigee"])
async def test_the_service_starts_on_these_settings_and_answers_such_a_call(name: str) -> None:
    clock = SystemClock()
    log = build_service_log(sys.stderr, clock)
    app = build_application(settings_of(name), clock=clock, log=log)
    await app.startup()
    try:
        asked, expected = CALLS[name]
        transport = httpx.ASGITransport(app.decisions)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            answer = await client.post(
                "/sideband/request", json=asked, headers={"CLIENT-TOKEN": SECRET}
            )
        assert told(answer) == expected
    finally:
        await app.shutdown(5.0)
