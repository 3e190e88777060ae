"""Envoy, Deemster and Redis on one machine, where no engine runs them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from deemster.policy.loading import load_tree
from deemster.settings import load_settings
from tests.support.deployment import (
    DEPLOY,
    ROOT,
    SECRETS,
    Manifest,
    image_settings,
)
from tests.support.parts import Parts

COMPOSE = DEPLOY / "compose"


def compose() -> Manifest:
    found = yaml.safe_load((COMPOSE / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_services_of_compose_name_what_is_there() -> None:
    project = compose()
    for name, service in project["services"].items():
        assert set(service.get("networks", ())) <= set(project["networks"])
        assert set(service.get("secrets", ())) <= set(project["secrets"])
        assert set(service.get("depends_on", ())) <= set(project["services"])
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            there = source in project["volumes"] or (COMPOSE / source).exists()
            assert there, f"{name} mounts {source}"
        if "build" in service:
            assert (COMPOSE / service["build"]["context"]).resolve() == ROOT
    assert all("read_only" in project["services"][name] for name in ("deemster", "redis", "envoy"))


def test_the_settings_of_compose_load_as_its_container_has_them(tmp_path: Path) -> None:
    text = (COMPOSE / "deemster.yaml").read_text(encoding="utf-8")
    (tmp_path / "gateway-secret").write_text(SECRETS["gateway-secret"], encoding="ascii")
    changed = text.replace("/run/secrets/", f"{tmp_path}/")
    (tmp_path / "deemster.yaml").write_text(changed, encoding="utf-8")
    environment = image_settings() | compose()["services"]["deemster"]["environment"]
    settings = load_settings(tmp_path / "deemster.yaml", environment)
    assert settings.listeners.ext_authz is not None
    envoy = (COMPOSE / "envoy.yaml").read_text(encoding="utf-8")
    port = settings.listeners.ext_authz.bind.port
    assert f"{{socket_address: {{address: deemster, port_value: {port}}}}}" in envoy
    assert settings.shared is not None
    assert settings.shared.url.reveal() == "redis://redis:6379/0"
    assert set(load_tree([COMPOSE / "policies"]).snapshot.services) == {"orders"}


@pytest.mark.slow
def test_envoy_takes_its_configuration(parts: Parts, tmp_path: Path) -> None:
    (command,) = [compose()["services"]["envoy-settings"]["entrypoint"][2]]
    assert "s|CLIENT_TOKEN_HERE|" in command
    text = (COMPOSE / "envoy.yaml").read_text(encoding="utf-8")
    assert text.count("{key: client-token, value: CLIENT_TOKEN_HERE}") == 1
    made = tmp_path / "envoy.yaml"
    made.write_text(text.replace("CLIENT_TOKEN_HERE", SECRETS["gateway-secret"]), encoding="utf-8")
    found = subprocess.run(
        [parts.command("envoy"), "--mode", "validate", "-c", str(made)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
