"""`deemster serve` as a process of its own: its events, its listeners, its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx

from tests.support.service import SECRET, ServiceFolder

__all__ = ["PATIENCE", "PROGRAM", "Process", "running", "until"]

# What `deemster serve` does, less the command line.
PROGRAM = """
import sys
from pathlib import Path
from typing import TypeVar
from deemster.serving.run import serve
from deemster.model.clock import SystemClock
from deemster.settings.rereading import SettingsOnDisk
read = SettingsOnDisk(Path(sys.argv[1]), {}, SystemClock()).read
serve(read(), reread=read)
"""
T = TypeVar("T")
PATIENCE = 20.0


class Process:
    """A running service; `events` are the lines of its log so far."""

    def __init__(self, folder: ServiceFolder, stdout: int = subprocess.DEVNULL) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder.settings_file)],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.events: list[dict[str, object]] = []
        self.other_lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.started = started = self.wait_for("service_started")
        self.decisions = _address(started["decisions"])
        self.management = _address(started["management"])

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                self.events.append(json.loads(line))
            except ValueError:
                self.other_lines.append(line)

    def wait_for(self, event: str) -> dict[str, object]:
        return until(lambda: next((e for e in self.events if e["event"] == event), None))

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def end(self) -> int:
        """The exit status; nothing but events may have been said."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stderr is not None
        self.process.stderr.close()
        assert self.other_lines == [], self.other_lines
        return code

    def ask(self, body: object, *, secret: str = SECRET) -> httpx.Response:
        url = f"http://{self.decisions[0]}:{self.decisions[1]}/sideband/request"
        with httpx.Client(trust_env=False) as client:
            return client.post(url, json=body, headers={"client-token": secret})

    def manage(self, path: str) -> httpx.Response:
        with httpx.Client(trust_env=False) as client:
            return client.get(f"http://{self.management[0]}:{self.management[1]}{path}")

    def connect(self) -> socket.socket:
        return socket.create_connection(self.decisions, timeout=PATIENCE)


def _address(text: object) -> tuple[str, int]:
    host, _, port = str(text).rpartition(":")
    return host, int(port)


def until(look: Callable[[], T | None]) -> T:
    ends = time.monotonic() + PATIENCE
    while (found := look()) is None or found is False:
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)
    return found


@contextmanager
def running(folder: ServiceFolder, **how: int) -> Iterator[Process]:
    process = Process(folder, **how)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.signal(signal.SIGTERM)
        assert process.end() == 0
