"""Deemster as it is measured: settings for every protocol, the calls, and the answers checked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import httpx
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse

from benchmarks.issuing import Issuer
from benchmarks.loading import write_tree
from benchmarks.loads import Call
from benchmarks.processes import SERVER_CORE, free_port, python_program, running
from benchmarks.trees import GROUPS, ISSUER, authzen_question
from deemster.gateways.ext_authz_grpc import CHECK

__all__ = [
    "Deemster",
    "authzen_call",
    "check_message",
    "forward_auth_call",
    "one_answer",
    "one_check",
    "settings_in",
    "sideband_call",
    "started",
]


@dataclass(frozen=True, slots=True)
class Deemster:
    """One that runs, by itself on its core unless it has workers."""

    port: int
    check_port: int
    secret: str
    process: int
    folder: Path

    @property
    def base(self) -> str:
        """Of the decisions listener."""
        return f"http://127.0.0.1:{self.port}"


def started(
    stack: ExitStack,
    folder: Path,
    issuer: Issuer,
    texts: Mapping[str, str],
    *,
    server: str = "uvicorn",
    workers: int = 1,
    cores: str = SERVER_CORE,
) -> Deemster:
    """It serves until the stack is closed. Raises RuntimeError where it does not come up."""
    folder.mkdir()
    secret = secrets.token_urlsafe(32)
    port, check_port = free_port(), free_port()
    settings = settings_in(
        folder,
        issuer,
        texts,
        secret,
        port=port,
        check_port=check_port,
        server=server,
        workers=workers,
    )
    command = python_program("-m", "deemster", "serve", "--config", str(settings))
    process = stack.enter_context(running(command, folder / "log", port, cores=cores))
    return Deemster(port, check_port, secret, process, folder)


def settings_in(  # noqa: PLR0913 - what differs between those that are measured
    folder: Path,
    issuer: Issuer,
    texts: Mapping[str, str],
    secret: str,
    *,
    port: int,
    check_port: int,
    server: str = "uvicorn",
    workers: int = 1,
) -> Path:
    """A tree, a directory, a secret and the settings that name them, below `folder`."""
    write_tree(folder / "policies", texts)
    secret_file = folder / "secret"
    secret_file.write_text(secret, encoding="ascii")
    secret_file.chmod(0o600)
    settings = folder / "deemster.yaml"
    text = _SETTINGS.format(
        folder=folder,
        port=port,
        check_port=check_port,
        management=free_port(),
        server=server,
        workers=workers,
        issuer=ISSUER,
        keys=issuer.key_set,
        groups=", ".join(GROUPS),
    )
    settings.write_text(text, encoding="utf-8")
    return settings


def sideband_call(base: str, secret: str, method: str, url: str, token: str) -> Call:
    """As a gateway asks before it forwards."""
    body = {
        "source_ip": "192.0.2.10",
        "source_port": "34060",
        "method": method,
        "url": url,
        "http_version": "1.1",
        "headers": [
            {"host": "api.example.com"},
            {"user-agent": "curl/8.5.0"},
            {"accept": "*/*"},
            {"authorization": f"Bearer {token}"},
            {"x-request-id": "0f3a6d1c7b"},
        ],
        "body": "",
    }
    return _post(f"{base}/sideband/request", secret, body)


def forward_auth_call(base: str, secret: str, method: str, url: str, token: str) -> Call:
    """As Traefik asks: a GET with 12 header fields and no body."""
    of = urlsplit(url)
    fields = {
        "user-agent": "curl/8.5.0",
        "accept": "*/*",
        "authorization": f"Bearer {token}",
        "x-request-id": "0f3a6d1c7b",
        "client-token": secret,
        "accept-encoding": "gzip",
        "x-forwarded-for": "192.0.2.10",
        "x-forwarded-host": of.netloc,
        "x-forwarded-method": method,
        "x-forwarded-port": "443",
        "x-forwarded-proto": of.scheme,
        "x-forwarded-uri": of.path,
    }
    return Call("GET", f"{base}/forward-auth/traefik", fields)


def authzen_call(
    base: str,
    secret: str,
    index: int,
    *,
    questions: int = 1,
    token: str | None = None,
    subject: str = "alice",
) -> Call:
    """One question, or as many in one message as an application asks for the things on a page."""
    question = authzen_question(index)
    who: dict[str, object] = {**question["subject"], "id": subject}
    if token is not None:
        who["properties"] = {"token": token}
    asked: dict[str, object] = {"subject": who, "action": question["action"]}
    if questions == 1:
        body = {**asked, "resource": question["resource"]}
        return _post(f"{base}/access/v1/evaluation", secret, body)
    kind = question["resource"]["type"]
    resources = [{"resource": {"type": kind, "id": str(n)}} for n in range(questions)]
    return _post(f"{base}/access/v1/evaluations", secret, {**asked, "evaluations": resources})


def one_answer(call: Call, expected: int = httpx.codes.OK) -> bytes:
    """What a call is answered. Raises RuntimeError where it is not answered with this status."""
    answer = httpx.request(
        call.method, call.url, content=call.body, headers=dict(call.headers), trust_env=False
    )
    if answer.status_code != expected:
        raise RuntimeError(f"expected {expected}, not {answer.status_code}: {answer.text[:200]}")
    return answer.content


def check_message(method: str, url: str, token: str) -> bytes:
    """As Envoy 1.40 sends it with `encode_raw_headers`."""
    of = urlsplit(url)
    request = CheckRequest()
    request.attributes.source.address.socket_address.address = "192.0.2.10"
    http = request.attributes.request.http
    http.id = "5872977268595114770"
    http.method, http.scheme, http.host, http.path = method, of.scheme, of.netloc, of.path
    http.protocol = "HTTP/1.1"
    for name, value in (
        (":authority", of.netloc),
        (":path", of.path),
        (":method", method),
        (":scheme", of.scheme),
        ("user-agent", "curl/8.5.0"),
        ("accept", "*/*"),
        ("authorization", f"Bearer {token}"),
        ("x-forwarded-for", "192.0.2.10"),
        ("x-forwarded-proto", of.scheme),
        ("x-request-id", "07a546d7-1eea-45ec-8ca9-15659c863880"),
    ):
        http.header_map.headers.add(key=name, raw_value=value.encode())
    message: bytes = request.SerializeToString()
    return message


def one_check(port: int, message: bytes, secret: str, *, permitted: bool) -> bytes:
    """The answer. Raises RuntimeError where it is the other one."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(CHECK)
        answer: bytes = call(message, metadata=(("client-token", secret),), timeout=10)
    told = CheckResponse.FromString(answer)
    if (told.status.code == 0) is not permitted:
        raise RuntimeError(f"expected permitted: {permitted}, not {told}")
    return answer


def _post(url: str, secret: str, body: object) -> Call:
    fields = {"Content-Type": "application/json", "CLIENT-TOKEN": secret}
    return Call("POST", url, fields, json.dumps(body, separators=(",", ":")))


_SETTINGS = """environment: bench
policies: {{path: {folder}/policies}}
listeners:
  decisions: {{bind: "127.0.0.1:{port}", server: {server}, workers: {workers}}}
  extAuthz: {{bind: "127.0.0.1:{check_port}"}}
  management: {{bind: "127.0.0.1:{management}"}}
gateways:
  - id: gateway
    protocols: [sideband, traefik, authzen, ext-authz-grpc]
    apiServices: ["*"]
    mayNameSubjects: true
    secrets: [{{id: g1, value: "${{file:{folder}/secret}}"}}]
tokenProviders:
  - id: bench
    type: internal
    issuer: {issuer}
    keys: {{file: {keys}}}
    algorithms: [RS256, ES256]
    directory: people
directories:
  - id: people
    static: {{users: {{alice: {{groups: [{groups}]}}}}}}
    cache: 3600s
decisionLog: {{sinks: [{{stdout: {{}}}}], whenFull: drop}}
"""
