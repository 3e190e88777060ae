"""Sideband over HTTP beside the null application: same server, same core, same run."""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loading import write_tree
from benchmarks.loads import (
    ServedFigures,
    Target,
    free_port,
    measured_in_turn,
    null_server,
    one_answer,
    post_script,
    serving,
)
from benchmarks.trees import AUDIENCE, ISSUER, calls, tree_texts
from deemster.tokens.development_key import load_or_create

__all__ = ["Prepared", "measure_served", "prepare"]


def measure_served(operations: int) -> list[ServedFigures]:
    """The null application and Deemster in turn, several rounds."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        prepared = prepare(folder, operations, port=port, management=free_port())
        command = ["-m", "deemster", "serve", "--config", str(prepared.settings)]
        process = stack.enter_context(serving(command, folder / "deemster.log", port))
        url = f"http://127.0.0.1:{port}/sideband/request"
        answer = one_answer(url, prepared.body, prepared.secret)
        if "response" in json.loads(answer):
            raise RuntimeError(f"the benchmark measures permits, not {answer!r}")
        null = stack.enter_context(null_server(folder, answer))
        script = post_script(folder, prepared.body, prepared.secret)
        return measured_in_turn([(null, script), (Target("deemster", url, process), script)])


@dataclass(frozen=True, slots=True)
class Prepared:
    """Settings of a service to be measured, and the call that it will permit."""

    settings: Path
    body: bytes
    secret: str


def prepare(folder: Path, operations: int, *, port: int, management: int) -> Prepared:
    """A tree, a key, a directory, a secret and the settings that name them, below `folder`."""
    write_tree(folder / "policies", tree_texts(operations))
    key_file = folder / "development-key.json"
    secret = secrets.token_urlsafe(32)
    settings = folder / "deemster.yaml"
    settings.write_text(
        _SETTINGS.format(port=port, management=management, key=key_file, folder=folder),
        encoding="utf-8",
    )
    secret_file = folder / "secret"
    secret_file.write_text(secret, encoding="ascii")
    secret_file.chmod(0o600)
    key = load_or_create(key_file)
    call = calls(operations)[operations // 2]
    now = int(time.time())  # noqa: TID251  (a token of the present)
    token = key.mint(
        {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "alice",
            "client_id": "bench",
            "scope": call.scope,
            "iat": now,
            "exp": now + 3600,
        }
    )
    body = json.dumps(
        {
            "source_ip": "192.0.2.10",
            "source_port": "34060",
            "method": call.method,
            "url": call.url,
            "http_version": "1.1",
            "headers": [
                {"host": "api.example.com"},
                {"user-agent": "curl/8.5.0"},
                {"accept": "*/*"},
                {"authorization": f"Bearer {token}"},
                {"x-request-id": "0f3a6d1c7b"},
            ],
            "body": "",
        },
        separators=(",", ":"),
    ).encode()
    return Prepared(settings, body, secret)


_SETTINGS = """environment: bench
policies: {{path: {folder}/policies}}
listeners:
  decisions: {{bind: "127.0.0.1:{port}"}}
  management: {{bind: "127.0.0.1:{management}"}}
gateways:
  - id: kong
    protocols: [sideband, traefik]
    apiServices: ["*"]
    secrets: [{{id: k1, value: "${{file:{folder}/secret}}"}}]
tokenProviders:
  - id: bench
    type: internal
    issuer: https://issuer.example
    keys: {{insecureDevelopmentKey: {key}}}
    algorithms: [ES256]
    directory: people
directories:
  - id: people
    static: {{users: {{alice: {{groups: [g0, g1, g2, g3, g4, g5, g6]}}}}}}
    cache: 3600s
decisionLog: {{sinks: [{{stdout: {{}}}}], whenFull: drop}}
"""
