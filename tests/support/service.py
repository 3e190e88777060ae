"""A small service in a folder: settings, a tree of policies, a development key, tokens for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deemster.settings import Settings, load_settings
from deemster.tokens.development_key import load_or_create

__all__ = ["SECRET", "ServiceFolder", "a_call", "a_service_folder"]

SECRET = "kong-secret-0123456789-0123456789-abcdef"
OTHER_SECRET = "next-secret-0123456789-0123456789-abcdef"

SETTINGS = """
policies: {path: policies}
listeners: {decisions: {bind: 127.0.0.1:0}, management: {bind: 127.0.0.1:0}}
gateways:
  - id: kong
    protocols: [sideband]
    apiServices: [orders]
    secrets: [{id: k1, value: "${file:kong-secret}"}]
tokenProviders:
  - id: staff
    type: internal
    issuer: https://staff.example.com
    keys: {insecureDevelopmentKey: development-key.json}
    directory: people
directories:
  - id: people
    static: {users: {alice: {groups: [sales]}, mallory: {enabled: false}}}
limits: {headerTimeout: 1s, bodyTimeout: 1s, idleTimeout: 2s}
decisionLog: {sinks: [{file: {path: decisions.jsonl}}], whenFull: drop}
"""

ORDERS = """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: orders}
service:
  baseUrls: [https://api.example.com/orders]
  tokenProvider: {type: internal, id: staff}
  audience: orders
operations:
  - id: list
    match: {methods: [GET], path: /}
    allow: {scopes: {any: [orders.read]}, groups: {any: [GROUP]}}
  - id: health
    match: {methods: [GET], path: /health}
    allow: public
"""


@dataclass(frozen=True, slots=True)
class ServiceFolder:
    """Where a service lives; its files may be changed while it runs."""

    path: Path

    @property
    def settings_file(self) -> Path:
        """`deemster.yaml`"""
        return self.path / "deemster.yaml"

    @property
    def log_file(self) -> Path:
        """Where decisions are recorded."""
        return self.path / "decisions.jsonl"

    def settings(self, environ: Mapping[str, str] | None = None) -> Settings:
        """As `serve` would load them."""
        return load_settings(self.settings_file, environ or {})

    def require_group(self, group: str) -> None:
        """Rewrite the one rule that asks for a group."""
        text = ORDERS.replace("GROUP", group)
        (self.path / "policies" / "orders.yaml").write_text(text, encoding="utf-8")

    def break_policies(self) -> None:
        """Leave a tree that must not be served."""
        text = ORDERS.replace("allow: public", "alow: public")
        (self.path / "policies" / "orders.yaml").write_text(text, encoding="utf-8")

    def change_secret(self, secret: str) -> None:
        """As a rotation does."""
        (self.path / "kong-secret").write_text(secret + "\n", encoding="utf-8")

    def token(self, **claims: object) -> str:
        """A token of `staff`, good until the year 2096 unless `claims` say otherwise."""
        key = load_or_create(self.path / "development-key.json")
        defaults: dict[str, object] = {
            "iss": "https://staff.example.com",
            "aud": "orders",
            "sub": "alice",
            "client_id": "shop",
            "scope": "orders.read",
            "iat": 1_700_000_000,
            "exp": 4_000_000_000,
        }
        return key.mint(defaults | claims)


def a_service_folder(path: Path) -> ServiceFolder:
    """Write everything that a service needs into an empty folder."""
    (path / "policies").mkdir()
    (path / "deemster.yaml").write_text(SETTINGS, encoding="utf-8")
    folder = ServiceFolder(path)
    folder.require_group("sales")
    folder.change_secret(SECRET)
    return folder


def a_call(
    token: str | None = None, *, url: str = "https://api.example.com/orders"
) -> dict[str, object]:
    """A body of the sideband request leg."""
    headers = [{"host": "api.example.com"}]
    if token is not None:
        headers.append({"authorization": f"Bearer {token}"})
    return {
        "source_ip": "192.0.2.7",
        "source_port": "4711",
        "method": "GET",
        "url": url,
        "http_version": "1.1",
        "headers": headers,
    }
