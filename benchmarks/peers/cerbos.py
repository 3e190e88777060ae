"""Cerbos over its HTTP API: a resource kind for each service, an action for each operation.

It verifies the token of every call and reads scopes and groups from it. It matches no path: the
caller says which operation is meant. One core, no audit, no telemetry.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.issuing import Issuer
from benchmarks.loads import Call
from benchmarks.processes import free_port, running
from benchmarks.trees import OPERATIONS_IN_A_FILE, Operation

__all__ = ["Cerbos", "cerbos_call", "check_cerbos", "started_cerbos"]

PROGRAM = Path(".bench/node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64")


@dataclass(frozen=True, slots=True)
class Cerbos:
    """One that runs."""

    port: int
    process: int


def started_cerbos(
    stack: ExitStack, folder: Path, issuer: Issuer, operations: Sequence[Operation]
) -> Cerbos:
    """It serves until the stack is closed. Raises RuntimeError where it cannot be had."""
    if not os.access(PROGRAM, os.X_OK):
        raise RuntimeError("not installed: npm could not bring @cerbos/cerbos-linux-x64")
    policies = folder / "policies"
    policies.mkdir(parents=True)
    for first in range(0, len(operations), OPERATIONS_IN_A_FILE):
        some = operations[first : first + OPERATIONS_IN_A_FILE]
        text = json.dumps(_policy(some))  # which is YAML as well
        (policies / f"{some[0].service}.yaml").write_text(text, encoding="utf-8")
    port = free_port()
    settings = folder / "cerbos.yaml"
    settings.write_text(
        _SETTINGS.format(port=port, grpc=free_port(), folder=policies, keys=issuer.key_set),
        encoding="utf-8",
    )
    command = [str(PROGRAM), "server", f"--config={settings}", "--log-level=error"]
    environment = {"GOMAXPROCS": "1", "CERBOS_NO_TELEMETRY": "1"}
    process = stack.enter_context(running(command, folder / "log", port, environment=environment))
    return Cerbos(port, process)


def cerbos_call(cerbos: Cerbos, operation: Operation, token: str) -> Call:
    """May alice, by this token, do the operation?"""
    body = {
        "requestId": "0f3a6d1c7b",
        "principal": {"id": "alice", "roles": ["user"]},
        "resources": [
            {"actions": [operation.id], "resource": {"kind": operation.service, "id": "4711"}}
        ],
        "auxData": {"jwt": {"token": token}},
    }
    url = f"http://127.0.0.1:{cerbos.port}/api/check/resources"
    return Call(
        "POST", url, {"Content-Type": "application/json"}, json.dumps(body, separators=(",", ":"))
    )


def check_cerbos(cerbos: Cerbos, issuer: Issuer, operation: Operation, algorithm: str) -> None:
    """Raises RuntimeError unless it permits, denies and refuses as it should."""
    scope = operation.scopes[0]
    for token, expected in (
        (issuer.token(algorithm, scope), "EFFECT_ALLOW"),
        (issuer.token(algorithm, "another.scope"), "EFFECT_DENY"),
    ):
        answer = _asked(cerbos_call(cerbos, operation, token))
        found = answer.json()["results"][0]["actions"][operation.id] if answer.is_success else ""
        if found != expected:
            raise RuntimeError(f"Cerbos said {answer.text[:200]} where {expected} is right")
    broken = _asked(cerbos_call(cerbos, operation, issuer.broken_token(algorithm, scope)))
    if broken.is_success:
        raise RuntimeError("Cerbos took a token with the signature of another one")


def _asked(call: Call) -> httpx.Response:
    return httpx.post(
        call.url, content=call.body, headers=dict(call.headers), trust_env=False, timeout=10
    )


def _policy(operations: Sequence[Operation]) -> dict[str, object]:
    rules = [
        {
            "name": operation.id,
            "actions": [operation.id],
            "effect": "EFFECT_ALLOW",
            "roles": ["user"],
            "condition": {
                "match": {
                    "all": {
                        "of": [
                            {"expr": _any_of("scp", operation.scopes)},
                            {"expr": _any_of("groups", operation.groups)},
                        ]
                    }
                }
            },
        }
        for operation in operations
    ]
    return {
        "apiVersion": "api.cerbos.dev/v1",
        "resourcePolicy": {
            "version": "default",
            "resource": operations[0].service,
            "rules": rules,
        },
    }


def _any_of(claim: str, values: Sequence[str]) -> str:
    return " || ".join(f'"{value}" in request.aux_data.jwt.{claim}' for value in values)


_SETTINGS = """server:
  httpListenAddr: "127.0.0.1:{port}"
  grpcListenAddr: "127.0.0.1:{grpc}"
storage: {{driver: disk, disk: {{directory: {folder}, watchForChanges: false}}}}
auxData: {{jwt: {{keySets: [{{id: bench, local: {{file: {keys}}}}}]}}}}
audit: {{enabled: false}}
telemetry: {{disabled: true}}
"""
