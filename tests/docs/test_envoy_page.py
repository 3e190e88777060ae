"""examples/gateways/envoy-*: both files of each load, agree with each other and with the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deemster.gateways.ext_authz_http import PREFIX
from deemster.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gateways" / "envoy.md").read_text(encoding="utf-8")
SECRET = "envoy-secret-0123456789-0123456789-abcdef"
MODES = {"grpc": "ext-authz-grpc", "http": "ext-authz-http"}
every_mode = pytest.mark.parametrize("mode", MODES)


def settings_of(mode: str) -> Settings:
    file = ROOT / "examples" / "gateways" / f"envoy-{mode}" / "deemster.yaml"
    return load_settings(file, {"DEEMSTER_SECRET": SECRET})


def envoy_of(mode: str) -> dict[str, Any]:
    file = ROOT / "examples" / "gateways" / f"envoy-{mode}" / "envoy.yaml"
    read = yaml.safe_load(file.read_text(encoding="utf-8"))["static_resources"]
    assert isinstance(read, dict)
    return read


def manager_of(mode: str) -> dict[str, Any]:
    """The HTTP connection manager."""
    (chain,) = envoy_of(mode)["listeners"][0]["filter_chains"]
    found = chain["filters"][0]["typed_config"]
    assert isinstance(found, dict)
    return found


def filter_of(mode: str) -> dict[str, Any]:
    """ext_authz, which stands first."""
    first = manager_of(mode)["http_filters"][0]
    assert first["name"] == "envoy.filters.http.ext_authz"
    found = first["typed_config"]
    assert isinstance(found, dict)
    return found


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


@every_mode
def test_the_gateway_speaks_its_mode_and_nothing_else(mode: str) -> None:
    (gateway,) = settings_of(mode).gateways
    assert gateway.protocols == {MODES[mode]}


@every_mode
def test_envoy_asks_where_deemster_listens(mode: str) -> None:
    listeners = settings_of(mode).listeners
    clusters = {cluster["name"]: cluster for cluster in envoy_of(mode)["clusters"]}
    (endpoint,) = clusters["deemster"]["load_assignment"]["endpoints"][0]["lb_endpoints"]
    address = endpoint["endpoint"]["address"]["socket_address"]
    listener = listeners.ext_authz if mode == "grpc" else listeners.decisions
    assert listener is not None
    assert f"{address['address']}:{address['port_value']}" == str(listener.bind)


@every_mode
def test_envoy_fails_closed_and_waits_longer_than_deemster_may_think(mode: str) -> None:
    authz, deadlines = filter_of(mode), settings_of(mode).deadlines
    asks = authz["grpc_service"] if mode == "grpc" else authz["http_service"]["server_uri"]
    assert seconds(asks["timeout"]) > deadlines.decision
    assert authz["failure_mode_allow"] is False
    assert authz["validate_mutations"] is True
    assert f"`timeout: {asks['timeout']}`" in PAGE


@every_mode
def test_the_limits_of_both_agree(mode: str) -> None:
    manager, authz, limits = manager_of(mode), filter_of(mode), settings_of(mode).limits
    assert manager["max_request_headers_kb"] * 1024 <= limits.headers
    most = manager["common_http_protocol_options"]["max_headers_count"]
    assert most < limits.header_count
    assert authz["with_request_body"]["max_request_bytes"] <= limits.body
    assert "allow_partial_message" not in authz["with_request_body"]
    assert f"`max_request_headers_kb: {manager['max_request_headers_kb']}`" in PAGE
    assert f"`max_headers_count: {most}`" in PAGE


@every_mode
def test_one_spelling_of_a_path_and_envoys_own_word_on_the_scheme(mode: str) -> None:
    manager = manager_of(mode)
    assert manager["use_remote_address"] is True
    assert manager["normalize_path"] is True
    assert manager["merge_slashes"] is True
    assert manager["path_with_escaped_slashes_action"] == "REJECT_REQUEST"
    options = manager["common_http_protocol_options"]
    assert options["headers_with_underscores_action"] == "REJECT_REQUEST"


def test_over_http_every_identity_header_is_copied_and_every_field_shown() -> None:
    service = filter_of("http")["http_service"]
    copied = service["authorization_response"]["allowed_upstream_headers"]["patterns"]
    names = [name.lower() for name, _ in settings_of("http").identity_headers]
    assert [pattern["exact"] for pattern in copied] == names
    (shown,) = filter_of("http")["allowed_headers"]["patterns"]
    assert shown == {"safe_regex": {"regex": ".*"}}
    assert service["path_prefix"] == PREFIX


def test_over_http_envoy_lets_go_of_an_idle_connection_first() -> None:
    (deemster,) = [one for one in envoy_of("http")["clusters"] if one["name"] == "deemster"]
    (options,) = deemster["typed_extension_protocol_options"].values()
    idle = options["common_http_protocol_options"]["idle_timeout"]
    assert seconds(idle) < settings_of("http").limits.idle_timeout


@every_mode
def test_the_secret_is_sent_under_the_name_that_deemster_reads(mode: str) -> None:
    authz = filter_of(mode)
    sent = (
        authz["grpc_service"]["initial_metadata"]
        if mode == "grpc"
        else authz["http_service"]["authorization_request"]["headers_to_add"]
    )
    (gateway,) = settings_of(mode).gateways
    assert [field["key"] for field in sent] == [gateway.secret_header]


def test_the_settings_on_the_page_load(tmp_path: Path) -> None:
    (block,) = [text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) if "clientIp" in text]
    example = ROOT / "examples" / "gateways" / "envoy-grpc" / "deemster.yaml"
    lines = example.read_text(encoding="utf-8").splitlines(keepends=True)
    others = [line for line in lines if not line.startswith("extAuthz:")]
    file = tmp_path / "deemster.yaml"
    file.write_text("".join(others) + block, encoding="utf-8")
    found = load_settings(file, {"DEEMSTER_SECRET": SECRET}).ext_authz
    assert found.grpc_client_ip is not None
    assert found.http_client_ip is not None


@pytest.mark.parametrize(
    "name",
    [
        "failure_mode_allow: true",
        "allowed_headers",
        "allowed_upstream_headers",
        "filter_enabled",
        "clear_route_cache: true",
        "use_remote_address: false",
        "allow_partial_message: true",
        "response:",
    ],
)
def test_what_is_unsafe_is_called_by_its_name(name: str) -> None:
    unsafe = PAGE.partition("## Unsafe by name")[2].partition("\n## ")[0]
    assert f"`{name}" in unsafe
