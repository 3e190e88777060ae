"""examples/gateways/ of nginx, Traefik, Caddy and HAProxy: both sides of each agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from deemster.gateways.forward_auth import forward_auth_path
from deemster.gateways.forward_auth_profiles import PROFILES
from deemster.settings import load_settings

EXAMPLES = Path(__file__).parents[2] / "examples" / "gateways"
ENVIRON = {
    "DEEMSTER_SECRET": "0123456789abcdef0123456789abcdef",
    "PEOPLE_DATABASE": "sqlite+aiosqlite:///people.db",
}
every_profile = pytest.mark.parametrize("profile", PROFILES)


def configuration(profile: str) -> str:
    """All that the gateway reads."""
    files = sorted(EXAMPLES.joinpath(profile).iterdir())
    return "".join(file.read_text("utf-8") for file in files if file.name != "deemster.yaml")


@every_profile
def test_the_settings_load_and_the_gateway_has_its_profile_alone(profile: str) -> None:
    settings = load_settings(EXAMPLES / profile / "deemster.yaml", ENVIRON)
    (gateway,) = settings.gateways
    assert gateway.protocols == {profile}
    assert [written.name for written in settings.forward_auth] == [profile]
    assert settings.insecure_flags == ()


@every_profile
def test_the_gateway_copies_every_identity_header_and_asks_at_its_path(profile: str) -> None:
    settings = load_settings(EXAMPLES / profile / "deemster.yaml", ENVIRON)
    text = configuration(profile)
    assert forward_auth_path(profile) in text
    assert settings.identity_headers
    for name, _ in settings.identity_headers:
        assert name.lower() in text.lower()
    client_ip = settings.forward_auth[0].client_ip
    assert client_ip is not None
    # Traefik and Caddy make X-Forwarded-For themselves.
    assert client_ip.header in text.lower() or profile in {"traefik", "caddy"}


@every_profile
def test_no_secret_of_an_example_is_one(profile: str) -> None:
    assert "DEEMSTER_SECRET" in configuration(profile) or "write-the-secret" in configuration(
        profile
    )
