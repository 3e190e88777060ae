"""Servers under load: the null application beside what it is compared with, round by round.

Server pinned to one core, `wrk` to the other; targets in turn, medians over the rounds.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

__all__ = [
    "CONNECTIONS",
    "LOAD_CORE",
    "ROUNDS",
    "SECONDS",
    "ServedFigures",
    "Target",
    "cpu_seconds",
    "free_port",
    "measured_in_turn",
    "null_server",
    "one_answer",
    "post_script",
    "serving",
]

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


def measured_in_turn(loads: Sequence[tuple[Target, Path]]) -> list[ServedFigures]:
    """Each target with the script that loads it, one after the other, `ROUNDS` times."""
    rounds = [[_load(target, script) for target, script in loads] for _ in range(ROUNDS)]
    return [_figures(target, [turn[at] for turn in rounds]) for at, (target, _) in enumerate(loads)]


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


@contextlib.contextmanager
def null_server(folder: Path, answer: bytes) -> Iterator[Target]:
    """The null application, which gives `answer` to whatever it is asked."""
    port = free_port()
    answer_file = folder / "answer.json"
    answer_file.write_bytes(answer)
    command = ["-m", "benchmarks.null_server", str(port), str(answer_file)]
    with serving(command, folder / "null.log", port) as process:
        yield Target("null", f"http://127.0.0.1:{port}/sideband/request", process)


@contextlib.contextmanager
def serving(arguments: list[str], log: Path, port: int) -> Iterator[int]:
    """A Python program that listens on `port`, pinned to its core; yields its process id."""
    with log.open("wb") as errors, (log.with_suffix(".out")).open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, sys.executable, *arguments],  # noqa: S607
            stdout=output,
            stderr=errors,
        )
        try:
            _wait_until_listening(port)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=15)


def _load(target: Target, script: Path) -> _Round:
    before = cpu_seconds(target.process)
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
    spent = cpu_seconds(target.process) - before
    per_second = float(rate[1])
    return _Round(per_second, _ms(p50), _ms(p99), spent / (per_second * SECONDS) * 1e6)


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, system calls included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    # utime and stime, fields 14 and 15 of proc(5); the name before the bracket is cut off.
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ms(found: re.Match[str]) -> float:
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def post_script(folder: Path, body: bytes, secret: str, name: str = "post") -> Path:
    """wrk's request; the answer's content is looked at before the first round."""
    body_file = folder / f"{name}.json"
    body_file.write_bytes(body)
    script = folder / f"{name}.lua"
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


def one_answer(url: str, body: bytes, secret: str) -> bytes:
    """The body of a 200."""
    import httpx

    answer = httpx.post(
        url,
        content=body,
        headers={"content-type": "application/json", "client-token": secret},
        trust_env=False,
    )
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"the benchmark measures permits, not {answer.text}")
    return answer.content


def _resident_mb(pid: int) -> float:
    # taskset replaces itself by the server, so the process id is the server's own.
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


def free_port() -> int:
    """One that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_listening(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")
