"""`deemster serve` on one of the examples of AuthZEN, and an application that asks it over HTTP.

Of the example all stays, policies and users too, but ports, the provider's keys and where decisions
are recorded.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from deemster.tokens.development_key import load_or_create
from tests.e2e.gateways.processes import Program, free_port, wait_until_listening

__all__ = ["EVALUATION", "EVALUATIONS", "SECRET", "Pdp", "serving"]

EXAMPLES = Path(__file__).parents[3] / "examples" / "authzen"
PATIENCE = 20.0
SECRET = "apps-secret-0123456789-0123456789-abcdef"
EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"


@dataclass(frozen=True)
class Pdp:
    """Somebody who asks. Nothing of ours is called: what is known of it is what it answers."""

    client: httpx.Client
    folder: Path

    def ask(self, body: object, path: str = EVALUATION, **headers: str | None) -> httpx.Response:
        """One POST; a header given as None is not sent."""
        sent = {"client-token": SECRET, "content-type": "application/json"}
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        fields = {name: value for name, value in (sent | said).items() if value is not None}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(path, content=content, headers=fields)

    def decides(self, body: object) -> bool:
        """The decision of one question."""
        answer = self.ask(body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        decision = answer.json()["decision"]
        assert isinstance(decision, bool)
        return decision

    def decide(self, body: object) -> list[bool]:
        """The decisions of several questions."""
        answer = self.ask(body, EVALUATIONS)
        assert answer.status_code == 200, answer.text
        return [one["decision"] for one in answer.json()["evaluations"]]

    def token(self, subject: str, **claims: object) -> str:
        """An access token of the example's provider, good until the year 2096."""
        key = load_or_create(self.folder / "development-key.json")
        said: dict[str, object] = {
            "iss": "https://auth.example.com/people",
            "aud": "todos",
            "sub": subject,
            "client_id": "web",
            "iat": 1_700_000_000,
            "exp": 4_000_000_000,
        }
        return key.mint(said | claims)

    def records(self, request_id: str, count: int) -> list[dict[str, Any]]:
        """The records of one call's decisions, once there are `count`: they are written later."""
        ends = time.monotonic() + PATIENCE
        found: list[dict[str, Any]] = []
        while len(found) < count:
            assert time.monotonic() < ends, f"{len(found)} of {count} records"
            time.sleep(0.02)
            lines = (self.folder / "decisions.jsonl").read_text(encoding="utf-8").splitlines()
            records = map(json.loads, lines)
            found = [one for one in records if one["gateway_request_id"] == request_id]
        return found


@contextmanager
def serving(
    example: str,
    folder: Path,
    more: Mapping[str, object] | None = None,
    *,
    server: str = "uvicorn",
) -> Iterator[Pdp]:
    """The example `example`, copied to `folder`; `more`: sections in place of its own.

    `server` is what serves decisions.
    """
    shutil.copytree(EXAMPLES / example, folder, dirs_exist_ok=True)
    file = folder / "deemster.yaml"
    settings: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    address = ("127.0.0.1", free_port())
    settings["listeners"] = {
        "decisions": {"bind": f"127.0.0.1:{address[1]}", "server": server},
        "management": {"bind": "127.0.0.1:0"},
    }
    for provider in settings["tokenProviders"]:
        provider["keys"] = {"insecureDevelopmentKey": "development-key.json"}
    log = {"sinks": [{"file": {"path": "decisions.jsonl"}}], "whenFull": "drop"}
    settings |= {"decisionLog": log, **(more or {})}
    file.write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "deemster", "serve", "--config", str(file)]
    environ = {"RECORDS_SECRET": SECRET, "GATEWAY_SECRET": SECRET}
    program = Program(command, log=folder / "deemster.log", environ=environ)
    try:
        wait_until_listening(program, address)
        url = f"http://127.0.0.1:{address[1]}"
        with httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client:
            yield Pdp(client, folder)
    finally:
        program.end()
