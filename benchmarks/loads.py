"""One load of one contestant: `wrk`, or `h2load` for gRPC, on a core of its own."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.processes import LOAD_CORE, cpu_seconds

__all__ = ["CONNECTIONS", "TOKEN", "Call", "GrpcLoad", "HttpLoad", "Load", "Measured"]

CONNECTIONS = 32
TOKEN = "@TOKEN@"  # noqa: S105 - none
"""Stands in a call where every request has another token."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One load; `cpu_us`: processor time of the server a request, system calls included."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


@dataclass(slots=True)
class HttpLoad:
    """`call`, again and again; with a `pool`, each time with the next of its tokens."""

    call: Call
    process: int
    folder: Path
    pool: Path | None = None
    name: str = "call"
    cores: str | None = LOAD_CORE
    """None: wherever the system puts it."""
    _walked: int = 0

    def run(self, seconds: int, connections: int = CONNECTIONS) -> Measured:
        """Raises RuntimeError where any answer is not a 2xx, or wrk says what is not expected."""
        if shutil.which("wrk") is None:
            raise RuntimeError("no `wrk`")
        pinned = [] if self.cores is None else ["taskset", "-c", self.cores]
        before = cpu_seconds(self.process)
        found = _output(
            [
                *(*pinned, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"),
                *("-s", str(self._script()), self.call.url, "--", str(self._walked)),
            ],
            seconds,
        )
        spent = cpu_seconds(self.process) - before
        done = re.search(r"(\d+) requests in", found)
        # What was under way at the end was sent as well.
        self._walked += connections + (int(done[1]) if done else 0)
        if "Non-2xx" in found or "Socket errors" in found:
            raise RuntimeError(f"calls failed: {' '.join(found.split())[-200:]}")
        rate = re.search(r"Requests/sec:\s+([0-9.]+)", found)
        p50 = re.search(r"50%\s+([0-9.]+)(us|ms|s)", found)
        p99 = re.search(r"99%\s+([0-9.]+)(us|ms|s)", found)
        if rate is None or p50 is None or p99 is None or done is None or not int(done[1]):
            raise RuntimeError(f"wrk said nothing that can be read: {found!r}")
        return Measured(float(rate[1]), _ms(p50), _ms(p99), spent / int(done[1]) * 1e6)

    def _script(self) -> Path:
        script = self.folder / f"{self.name}.lua"
        if not script.exists():
            text = _fixed(self.call) if self.pool is None else _walking(self.call, self.pool)
            script.write_text(text, encoding="utf-8")
        return script


def _fixed(call: Call) -> str:
    lines = [f"wrk.headers[{_lua(name)}] = {_lua(value)}" for name, value in call.headers.items()]
    body = [f"wrk.body = {_lua(call.body)}"] if call.body else []
    return "\n".join([f"wrk.method = {_lua(call.method)}", *body, *lines, ""])


def _walking(call: Call, pool: Path) -> str:
    # The whole request is put together here: wrk would build its header fields anew for each.
    url = urlsplit(call.url)
    with pool.open(encoding="ascii") as tokens:
        token = next(tokens).rstrip("\n")
    length = len(call.body.replace(TOKEN, token))
    fields = {"Host": url.netloc, "Content-Length": str(length), **call.headers}
    head = f"{call.method} {url.path} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in fields.items()
    )
    before, _, after = f"{head}\r\n{call.body}".partition(TOKEN)
    return f"""local tokens = {{}}
for token in io.lines({_lua(str(pool))}) do tokens[#tokens + 1] = token end
local before, after = {_lua(before)}, {_lua(after)}
local at = 0
function init(arguments) at = tonumber(arguments[1]) end
function request()
  at = at % #tokens + 1
  return before .. tokens[at] .. after
end
"""


def _lua(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


@dataclass(slots=True)
class GrpcLoad:
    """`Check` of Envoy's API: `CHANNELS` connections with `STREAMS` calls under way on each."""

    url: str
    message: bytes
    headers: Mapping[str, str]
    process: int
    folder: Path
    channels: int = field(default=4, init=False)
    streams: int = field(default=8, init=False)

    def run(self, seconds: int, connections: int = CONNECTIONS) -> Measured:
        """`connections` of 1: one connection with one call under way. Raises RuntimeError."""
        if shutil.which("h2load") is None:
            raise RuntimeError("no `h2load`: it comes with Debian's nghttp2-client")
        body = self.folder / "message.bin"
        # The length-prefixed message of gRPC over HTTP/2, not compressed.
        body.write_bytes(b"\0" + struct.pack(">I", len(self.message)) + self.message)
        log = self.folder / "h2load.log"
        log.unlink(missing_ok=True)
        channels, streams = (1, 1) if connections == 1 else (self.channels, self.streams)
        fields = {"content-type": "application/grpc", "te": "trailers", **self.headers}
        told = [word for name, value in fields.items() for word in ("-H", f"{name}: {value}")]
        before = cpu_seconds(self.process)
        found = _output(
            [
                *("taskset", "-c", LOAD_CORE, "h2load", f"-c{channels}", f"-m{streams}"),
                *("-D", str(seconds), "-d", str(body), f"--log-file={log}", *told, self.url),
            ],
            seconds,
        )
        spent = cpu_seconds(self.process) - before
        rate = re.search(r"([0-9.]+) req/s", found)
        done = re.search(r"(\d+) succeeded, 0 failed, 0 errored", found)
        if rate is None or done is None or not int(done[1]):
            raise RuntimeError(f"calls failed: {' '.join(found.split())[-200:]}")
        # Start, status and microseconds of each call.
        with log.open(encoding="ascii") as lines:
            taken = sorted(int(line.split("\t")[2]) for line in lines)
        p50, p99 = (taken[int(len(taken) * share)] / 1000 for share in (0.5, 0.99))
        return Measured(float(rate[1]), p50, p99, spent / int(done[1]) * 1e6)


Load = HttpLoad | GrpcLoad


def _output(command: list[str], seconds: int) -> str:
    found = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=seconds + 20
    )
    if found.returncode:
        raise RuntimeError(f"{command[0]} ended with {found.returncode}: {found.stderr[-200:]}")
    return found.stdout


def _ms(found: re.Match[str]) -> float:
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]
