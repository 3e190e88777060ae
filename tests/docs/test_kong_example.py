"""examples/gateways/kong: both files load, agree with each other and with what the page says."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from deemster.app import build_application
from deemster.model.clock import SystemClock
from deemster.settings import Settings, load_settings
from deemster.telemetry.service_log import build_service_log
from tests.support.gateway_calls import a_request_leg
from tests.support.stand import told

FOLDER = Path(__file__).parents[2] / "examples" / "gateways" / "kong"
PAGE = (FOLDER.parents[2] / "docs" / "gateways" / "kong.md").read_text(encoding="utf-8")
SECRET = "kong-secret-0123456789-0123456789-abcdef"
ENVIRON = {"KONG_SECRET": SECRET, "PEOPLE_DATABASE": "sqlite+aiosqlite:///people.db"}


@pytest.fixture
def settings() -> Settings:
    return load_settings(FOLDER / "deemster.yaml", ENVIRON)


@pytest.fixture
def kong() -> dict[str, Any]:
    """Kong's service, of its declarative file."""
    file = yaml.safe_load((FOLDER / "kong.yaml").read_text(encoding="utf-8"))
    (service,) = file["services"]
    assert isinstance(service, dict)
    return service


@pytest.fixture
def kit(kong: dict[str, Any]) -> dict[str, Any]:
    (plugin,) = kong["plugins"]
    assert plugin["name"] == "ping-auth"
    config = plugin["config"]
    assert isinstance(config, dict)
    return config


def test_the_kit_asks_where_the_decisions_listener_is(
    settings: Settings, kit: dict[str, Any]
) -> None:
    bind = settings.listeners.decisions.bind
    url = urlsplit(kit["service_url"])
    assert (url.scheme, url.hostname, url.port, url.path) == ("http", bind.host, bind.port, "")


def test_the_kit_sends_its_secret_where_deemster_looks_for_it(
    settings: Settings, kit: dict[str, Any]
) -> None:
    (gateway,) = settings.gateways
    assert kit["secret_header_name"].lower() == gateway.secret_header.lower()
    assert kit["shared_secret"] == "{vault://env/kong-secret}"
    assert not gateway.asserts


def test_kong_waits_longer_than_deemster_thinks_and_lets_go_of_connections_first(
    settings: Settings, kit: dict[str, Any]
) -> None:
    assert kit["connection_timeout_ms"] / 1000 > settings.deadlines.decision
    assert kit["connection_keepAlive_ms"] / 1000 < settings.limits.idle_timeout
    for line in ("`connection_timeout_ms: 3000`", "`connection_keepAlive_ms: 60000`"):
        name, _, value = line.strip("`").partition(": ")
        assert line in PAGE
        assert kit[name] == int(value)


def test_the_body_buffer_of_the_page_is_the_limit_of_the_settings(settings: Settings) -> None:
    (said,) = re.findall(r"nginx_http_client_body_buffer_size = (\d+)m", PAGE)
    assert int(said) * 2**20 == settings.limits.body


async def test_the_service_starts_on_these_settings_and_knows_the_route(
    settings: Settings, kong: dict[str, Any]
) -> None:
    clock = SystemClock()
    app = build_application(settings, clock=clock, log=build_service_log(sys.stderr, clock))
    await app.startup()
    try:
        (route,) = kong["routes"]
        assert route["strip_path"] is False
        url = f"https://{route['hosts'][0]}:443{route['paths'][0]}/invoices"
        asked = a_request_leg(url=url, headers=[{"host": route["hosts"][0]}])
        transport = httpx.ASGITransport(app.decisions)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            answer = await client.post(
                "/sideband/request", json=asked, headers={"CLIENT-TOKEN": SECRET}
            )
        # The route is an API service's: had it not matched, the answer were 404.
        assert told(answer) == "401 token-missing"
    finally:
        await app.shutdown(5.0)
