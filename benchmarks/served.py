"""Sideband over HTTP beside the null application: same server, same core, same run."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.loading import write_tree
from benchmarks.trees import AUDIENCE, ISSUER, calls, tree_texts
from deemster.tokens.development_key import load_or_create

__all__ = ["Prepared", "ServedFigures", "Target", "measure_served", "prepare"]

ROUNDS = 5
SECONDS = 4
CONNECTIONS = 32
SERVER_CORE = "0"
LOAD_CORE = "1"


@dataclass(frozen=True, slots=True)
class Target:
    """One process under load."""

    name: str
    url: str
    process: int


@dataclass(frozen=True, slots=True)
class ServedFigures:
    """Medians over the rounds; `spread` is (most - least) / median of the rate.

    `cpu_us`: processor time of the server for each request, system calls included.
    """

    name: str
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    spread: float
    resident_mb: float


def measure_served(operations: int) -> list[ServedFigures]:
    """Deemster and the null application in turn, several rounds."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        deemster, body, secret = stack.enter_context(_deemster(folder, operations))
        answer = _one_answer(deemster.url, body, secret)
        null = stack.enter_context(_null(folder, answer))
        script = _script(folder, body, secret)
        rounds: dict[str, list[_Round]] = {"null": [], "deemster": []}
        for _ in range(ROUNDS):
            for target in (null, deemster):
                rounds[target.name].append(_load(target, script))
        return [_figures(target, rounds[target.name]) for target in (null, deemster)]


class _Round(NamedTuple):
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def _figures(target: Target, rounds: list[_Round]) -> ServedFigures:
    rates = [found.per_second for found in rounds]
    return ServedFigures(
        target.name,
        median(rates),
        median([found.p50_ms for found in rounds]),
        median([found.p99_ms for found in rounds]),
        median([found.cpu_us for found in rounds]),
        (max(rates) - min(rates)) / median(rates),
        _resident_mb(target.process),
    )


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


@contextlib.contextmanager
def _deemster(folder: Path, operations: int) -> Iterator[tuple[Target, bytes, str]]:
    """The service with its own settings, tree, key and directory; the decision record on."""
    port = _free_port()
    prepared = prepare(folder, operations, port=port, management=_free_port())
    command = ["-m", "deemster", "serve", "--config", str(prepared.settings)]
    with _process(command, folder / "deemster.log") as process:
        _wait_for(port)
        url = f"http://127.0.0.1:{port}/sideband/request"
        yield Target("deemster", url, process), prepared.body, prepared.secret


@contextlib.contextmanager
def _null(folder: Path, answer: bytes) -> Iterator[Target]:
    port = _free_port()
    answer_file = folder / "answer.json"
    answer_file.write_bytes(answer)
    command = ["-m", "benchmarks.null_server", str(port), str(answer_file)]
    with _process(command, folder / "null.log") as process:
        _wait_for(port)
        yield Target("null", f"http://127.0.0.1:{port}/sideband/request", process)


@contextlib.contextmanager
def _process(arguments: list[str], log: Path) -> Iterator[int]:
    with log.open("wb") as errors, (log.with_suffix(".out")).open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, sys.executable, *arguments],  # noqa: S607
            stdout=output,
            stderr=errors,
        )
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=15)


def _load(target: Target, script: Path) -> _Round:
    before = _cpu_seconds(target.process)
    found = subprocess.run(
        [
            *("taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s"),
            *("--latency", "-s", str(script), target.url),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if "Non-2xx" in found:
        raise RuntimeError(f"{target.name} refused calls:\n{found}")
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", found)
    p50 = re.search(r"50%\s+([0-9.]+)(us|ms|s)", found)
    p99 = re.search(r"99%\s+([0-9.]+)(us|ms|s)", found)
    if rate is None or p50 is None or p99 is None:
        raise RuntimeError(f"wrk said nothing that can be read:\n{found}")
    spent = _cpu_seconds(target.process) - before
    per_second = float(rate[1])
    return _Round(per_second, _ms(p50), _ms(p99), spent / (per_second * SECONDS) * 1e6)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    # utime and stime, fields 14 and 15 of proc(5); the name before the bracket is cut off.
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ms(found: re.Match[str]) -> float:
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def _script(folder: Path, body: bytes, secret: str) -> Path:
    """wrk's request; the answer's content is looked at before the first round."""
    body_file = folder / "body.json"
    body_file.write_bytes(body)
    script = folder / "post.lua"
    script.write_text(
        f"""wrk.method = "POST"
local f = io.open("{body_file}", "rb")
wrk.body = f:read("*a")
f:close()
wrk.headers["Content-Type"] = "application/json"
wrk.headers["CLIENT-TOKEN"] = "{secret}"
""",
        encoding="utf-8",
    )
    return script


def _one_answer(url: str, body: bytes, secret: str) -> bytes:
    import httpx

    answer = httpx.post(
        url,
        content=body,
        headers={"content-type": "application/json", "client-token": secret},
        trust_env=False,
    )
    if answer.status_code != httpx.codes.OK or "response" in answer.json():
        raise RuntimeError(f"the benchmark measures permits, not {answer.text}")
    return answer.content


def _resident_mb(pid: int) -> float:
    # taskset replaces itself by the server, so the process id is the server's own.
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


_SETTINGS = """environment: bench
policies: {{path: {folder}/policies}}
listeners:
  decisions: {{bind: "127.0.0.1:{port}"}}
  management: {{bind: "127.0.0.1:{management}"}}
gateways:
  - id: kong
    protocols: [sideband]
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
