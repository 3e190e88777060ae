"""Programs that tests start, wait for, stop for a while and end; each by its own process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.gateways.wire import Address

__all__ = ["Program", "free_port", "is_listening", "wait_until_listening"]

PATIENCE = 30.0


def free_port() -> int:
    """A port that nobody has at the moment; for programs that cannot choose one and say which."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(address: Address) -> bool:
    """Whether a connection is taken."""
    try:
        socket.create_connection(address, timeout=1.0).close()
    except OSError:
        return False
    return True


def wait_until_listening(program: Program, *addresses: Address) -> None:
    """Returns when all are; fails with what the program said if it ends or takes too long."""
    ends = time.monotonic() + PATIENCE
    while not all(is_listening(address) for address in addresses):
        code = program.process.poll()
        assert code is None, f"it ended with {code}:\n{program.said()}"
        assert time.monotonic() < ends, f"it does not listen:\n{program.said()}"
        time.sleep(0.02)


class Program:
    """A running program, whose output goes to a file."""

    def __init__(self, command: Sequence[str], *, log: Path, environ: Mapping[str, str]) -> None:
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=dict(environ), cwd=log.parent
            )

    def said(self) -> str:
        """Everything so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """At once, as by the kernel when memory runs out."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def pause(self) -> None:
        """It answers nobody, though its sockets take connections."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """After `pause`."""
        os.kill(self.process.pid, signal.SIGCONT)

    def end(self) -> None:
        """In order, or by force if that takes too long."""
        if self.process.poll() is not None:
            return
        self.resume()
        self.process.terminate()
        try:
            self.process.wait(10.0)
        except subprocess.TimeoutExpired:
            self.kill()
