"""ext_authz over gRPC beside a null `Check` server on the same library: same core, same run.

The load is `h2load` (nghttp2): a client of gRPC in Python would be slower than what it measures.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import grpc
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse

from benchmarks.loading import write_tree
from benchmarks.loads import LOAD_CORE, ROUNDS, SECONDS, cpu_seconds, free_port, serving
from benchmarks.trees import AUDIENCE, ISSUER, calls, tree_texts
from deemster.gateways.ext_authz_grpc import CHECK
from deemster.tokens.development_key import load_or_create

__all__ = ["CONNECTIONS", "STREAMS", "CheckFigures", "measure_ext_authz"]

CONNECTIONS = 4
STREAMS = 8
"""Calls under way on each connection."""


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """Medians over the rounds, and (most - least) / median of the rate.

    `cpu_us`: processor time of the server for each call.
    """

    name: str
    per_second: float
    cpu_us: float
    spread: float


def measure_ext_authz(operations: int) -> list[CheckFigures]:
    """The null server and Deemster in turn, several rounds; every answer is a permit."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port, null_port = free_port(), free_port()
        secret = secrets.token_urlsafe(32)
        settings = _settings(folder, operations, secret, port)
        message = _message(folder, operations)
        command = ["-m", "deemster", "serve", "--config", str(settings)]
        ours = stack.enter_context(serving(command, folder / "deemster.log", port))
        answer_file = folder / "answer.bin"
        answer_file.write_bytes(_one_permit(port, message, secret))
        command = ["-m", "benchmarks.null_check_server", str(null_port), str(answer_file)]
        null = stack.enter_context(serving(command, folder / "null.log", null_port))
        body = folder / "message.bin"
        # The length-prefixed message of gRPC over HTTP/2, not compressed.
        body.write_bytes(b"\0" + struct.pack(">I", len(message)) + message)
        targets = {"null": (null, null_port), "deemster": (ours, port)}
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in targets}
        for _ in range(ROUNDS):
            for name, (process, at) in targets.items():
                rounds[name].append(_load(process, at, body, secret))
        return [_figures(name, found) for name, found in rounds.items()]


def _figures(name: str, rounds: list[tuple[float, float]]) -> CheckFigures:
    rates = [rate for rate, _ in rounds]
    spread = (max(rates) - min(rates)) / median(rates)
    return CheckFigures(name, median(rates), median([cpu for _, cpu in rounds]), spread)


def _load(process: int, port: int, body: Path, secret: str) -> tuple[float, float]:
    """Calls a second, and processor time of the server for each in microseconds."""
    if shutil.which("h2load") is None:
        raise RuntimeError("no `h2load`: it comes with Debian's nghttp2-client")
    before = cpu_seconds(process)
    found = subprocess.run(
        [
            *("taskset", "-c", LOAD_CORE, "h2load", f"-c{CONNECTIONS}", f"-m{STREAMS}"),
            *("-D", str(SECONDS), "-d", str(body), "-H", "content-type: application/grpc"),
            *("-H", "te: trailers", "-H", f"client-token: {secret}"),
            f"http://127.0.0.1:{port}{CHECK}",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rate = re.search(r"([0-9.]+) req/s", found)
    done = re.search(r"(\d+) succeeded, 0 failed, 0 errored", found)
    if rate is None or done is None:
        raise RuntimeError(f"h2load said what was not expected:\n{found}")
    return float(rate[1]), (cpu_seconds(process) - before) / int(done[1]) * 1e6


def _one_permit(port: int, message: bytes, secret: str) -> bytes:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer: bytes = channel.unary_unary(CHECK)(message, metadata=(("client-token", secret),))
    told = CheckResponse.FromString(answer)
    if told.status.code != 0:
        raise RuntimeError(f"the benchmark measures permits, not {told}")
    return answer


def _message(folder: Path, operations: int) -> bytes:
    """As Envoy 1.40 sends it with `encode_raw_headers`."""
    call = calls(operations)[operations // 2]
    now = int(time.time())  # noqa: TID251  (a token of the present)
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "client_id": "bench",
        "scope": call.scope,
        "iat": now,
        "exp": now + 3600,
    }
    token = load_or_create(folder / "development-key.json").mint(claims)
    url = urlsplit(call.url)
    request = CheckRequest()
    request.attributes.source.address.socket_address.address = "192.0.2.10"
    http = request.attributes.request.http
    http.id = "5872977268595114770"
    http.method, http.scheme, http.host, http.path = call.method, url.scheme, url.netloc, url.path
    http.protocol = "HTTP/1.1"
    for name, value in (
        (":authority", url.netloc),
        (":path", url.path),
        (":method", call.method),
        (":scheme", url.scheme),
        ("user-agent", "curl/8.5.0"),
        ("accept", "*/*"),
        ("authorization", f"Bearer {token}"),
        ("x-forwarded-for", "192.0.2.10"),
        ("x-forwarded-proto", url.scheme),
        ("x-request-id", "07a546d7-1eea-45ec-8ca9-15659c863880"),
    ):
        http.header_map.headers.add(key=name, raw_value=value.encode())
    message: bytes = request.SerializeToString()
    return message


def _settings(folder: Path, operations: int, secret: str, port: int) -> Path:
    """A tree, a directory, a secret and the settings that name them, below `folder`."""
    write_tree(folder / "policies", tree_texts(operations))
    secret_file = folder / "secret"
    secret_file.write_text(secret, encoding="ascii")
    secret_file.chmod(0o600)
    settings = folder / "deemster.yaml"
    settings.write_text(
        _SETTINGS.format(
            port=port, decisions=free_port(), management=free_port(), folder=folder, issuer=ISSUER
        ),
        encoding="utf-8",
    )
    return settings


_SETTINGS = """environment: bench
policies: {{path: {folder}/policies}}
listeners:
  decisions: {{bind: "127.0.0.1:{decisions}"}}
  extAuthz: {{bind: "127.0.0.1:{port}"}}
  management: {{bind: "127.0.0.1:{management}"}}
gateways:
  - id: envoy
    protocols: [ext-authz-grpc]
    apiServices: ["*"]
    secrets: [{{id: e1, value: "${{file:{folder}/secret}}"}}]
tokenProviders:
  - id: bench
    type: internal
    issuer: {issuer}
    keys: {{insecureDevelopmentKey: {folder}/development-key.json}}
    algorithms: [ES256]
    directory: people
directories:
  - id: people
    static: {{users: {{alice: {{groups: [g0, g1, g2, g3, g4, g5, g6]}}}}}}
    cache: 3600s
decisionLog: {{sinks: [{{stdout: {{}}}}], whenFull: drop}}
"""
