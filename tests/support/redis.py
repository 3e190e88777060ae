"""A real redis-server in a temporary folder, that may be stopped, frozen and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.parts import Parts

__all__ = ["RedisServer", "redis_server"]

PATIENCE = 10.0


class RedisServer:
    """Listens on a Unix socket, which the network guard of the tests lets pass, and a port."""

    def __init__(self, command: str, folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._socket = folder / "redis.sock"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """By the Unix socket."""
        return f"unix://{self._socket}"

    @property
    def tcp_url(self) -> str:
        """By the port of the loopback address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, *options: str) -> None:
        """Returns once it answers; what it kept before is gone."""
        self._process = subprocess.Popen(
            [
                *(self._command, "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"),
                *("--dir", str(self._folder), *options),
            ],
            stdout=subprocess.DEVNULL,
        )
        ends = time.monotonic() + PATIENCE
        while not self._answers():
            assert time.monotonic() < ends, "redis-server does not answer"
            time.sleep(0.01)

    def stop(self) -> None:
        """At once, as a machine that is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None
            with contextlib.suppress(FileNotFoundError):
                self._socket.unlink()

    def freeze(self) -> None:
        """It holds its connections and says nothing."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(1.0)
            asking.connect(str(self._socket))
            asking.sendall(b"PING\r\n")
            return asking.recv(64).startswith(b"+PONG")
        return False


@contextmanager
def redis_server(parts: Parts, folder: Path, *options: str) -> Iterator[RedisServer]:
    """Started, and ended whatever happens."""
    server = RedisServer(parts.command("redis-server"), folder)
    server.start(*options)
    try:
        yield server
    finally:
        server.stop()
