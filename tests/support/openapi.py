"""The OpenAPI document that docs/openapi.json has to be: of a service with every protocol.

`python -m tests.support.openapi` writes it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from deemster.app import build_application
from deemster.app.openapi import openapi_of
from deemster.model.clock import SystemClock
from deemster.settings import load_settings
from deemster.telemetry.service_log import build_service_log
from tests.support.service import ServiceFolder, a_service_folder

__all__ = ["FILE", "current_document", "every_protocol"]

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"

SETTINGS = """
policies: {path: policies}
listeners: {decisions: {bind: 127.0.0.1:0, server: SERVER}, management: {bind: 127.0.0.1:0}}
gateways:
  - id: every-protocol
    protocols:
      [sideband, authzen, decision-endpoint, ext-authz-http, nginx, traefik, caddy, haproxy]
    apiServices: [orders]
    secrets: [{id: k1, value: "${file:kong-secret}"}]
  - id: with-a-token
    protocols: [authzen, decision-endpoint]
    apiServices: [orders]
    accessTokens: [{id: t1, provider: staff, clientId: checkout, audience: deemster}]
tokenProviders:
  - id: staff
    type: internal
    issuer: https://staff.example.com
    keys: {insecureDevelopmentKey: development-key.json}
    directory: people
directories:
  - {id: people, static: {users: {alice: {groups: [sales]}}}}
decisionEndpoints: {recordRecentRequests: true}
authzen: {publicBaseUrl: "https://pdp.example.com"}
decisionLog: {sinks: [{file: {path: decisions.jsonl}}], whenFull: drop}
"""


def every_protocol(path: Path, *, server: str = "uvicorn") -> ServiceFolder:
    """A service with a gateway that may speak every protocol over HTTP, in an empty folder."""
    folder = a_service_folder(path)
    folder.settings_file.write_text(SETTINGS.replace("SERVER", server), encoding="utf-8")
    return folder


def current_document() -> bytes:
    """As the code has it now."""
    with tempfile.TemporaryDirectory() as path, Path(os.devnull).open("w") as nowhere:
        settings = load_settings(every_protocol(Path(path)).settings_file, {})
        clock = SystemClock()
        log = build_service_log(nowhere, clock)
        application = build_application(settings, clock=clock, log=log)
        return openapi_of(settings, application.decisions.served)


if __name__ == "__main__":
    FILE.write_bytes(current_document())
