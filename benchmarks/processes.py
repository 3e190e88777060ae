"""Servers of a benchmark: started on their core, waited for, weighed, ended."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

__all__ = [
    "LOAD_CORE",
    "SERVER_CORE",
    "cpu_seconds",
    "free_port",
    "python_program",
    "resident_mb",
    "running",
]

SERVER_CORE = "0"
LOAD_CORE = "1"
START_SECONDS = 60.0


def python_program(*arguments: str) -> list[str]:
    """A command of this interpreter, with its environment."""
    return [sys.executable, *arguments]


@contextlib.contextmanager
def running(
    command: Sequence[str],
    log: Path,
    port: int,
    *,
    cores: str = SERVER_CORE,
    environment: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """What listens on `port` once it is started, on its cores; yields its process id.

    Raises RuntimeError, with the end of its log, where it does not come up.
    """
    extra = [f"{name}={value}" for name, value in (environment or {}).items()]
    with log.open("wb") as errors, log.with_suffix(".out").open("wb") as output:
        process = subprocess.Popen(
            # Both replace themselves by what they start: the process is the server's own.
            ["taskset", "-c", cores, "env", *extra, *command],  # noqa: S607
            stdout=output,
            stderr=errors,
        )
        try:
            _wait_until_listening(process, port, log)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """One that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its children so far, system calls included."""
    ticks = 0
    for member in _family(pid):
        fields = _stat(member)
        # utime and stime, fields 14 and 15 of proc(5); the name before the bracket is cut off.
        ticks += int(fields[11]) + int(fields[12]) if fields else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Of a process and its children, shared pages counted in each."""
    total = 0
    for member in _family(pid):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{member}/status").read_text(encoding="ascii")
            found = re.search(r"VmRSS:\s+(\d+) kB", status)
            total += int(found[1]) if found else 0
    return total / 1024


def _family(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if fields:
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    family = [pid]
    for member in family:
        family.extend(parents.get(member, ()))
    return family


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    told = log.read_text(encoding="utf-8", errors="replace").strip()[-300:]
    raise RuntimeError(f"nothing listens on port {port}: {told or 'it said nothing'}")
