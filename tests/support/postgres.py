"""A real PostgreSQL in a temporary folder, that may be stopped and started again.

It refuses to run as root, so there it runs as Debian's user `postgres`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.parts import Parts

__all__ = ["PostgresServer", "postgres_server"]

PATIENCE = 30.0
FOLDERS = Path("/usr/lib/postgresql")


class PostgresServer:
    """Listens on the loopback address; databases are kept over a restart."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "deemster", "-N")

    def new_database(self) -> str:
        """The URL of an empty one."""
        self._databases += 1
        name = f"people{self._databases}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "deemster", name)
        return f"postgresql+asyncpg://deemster@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Returns once it answers."""
        self._process = subprocess.Popen(
            [
                *_as_nobody_special(),
                *(str(self._programs / "postgres"), "-D", str(self._folder / "data")),
                *("-p", str(self.port), "-c", "listen_addresses=127.0.0.1"),
                *("-c", f"unix_socket_directories={self._folder}", "-c", "fsync=off"),
                *("-c", "shared_buffers=16MB", "-c", "max_connections=60"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
        )
        program = str(self._programs / "pg_isready")
        asking = [program, "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        ends = time.monotonic() + PATIENCE
        while subprocess.run(asking, check=False).returncode:
            assert time.monotonic() < ends, "PostgreSQL does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, whoever is connected."""
        if self._process is not None:
            self._run("pg_ctl", "stop", "-D", str(self._folder / "data"), "-m", "immediate", "-s")
            self._process.wait(PATIENCE)
            self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*_as_nobody_special(), str(self._programs / program), *arguments],
            check=True,
            capture_output=True,
            cwd=self._folder,
        )


@contextmanager
def postgres_server(parts: Parts) -> Iterator[PostgresServer]:
    """Started, and ended whatever happens. Its folder is short: a socket's path has a limit."""
    found = sorted(FOLDERS.glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        parts.command("postgres")
        pytest.fail("PostgreSQL is there, and not where Debian has it")
    folder = Path(tempfile.mkdtemp(prefix="deemster-pg-"))
    if os.getuid() == 0:
        nobody = pwd.getpwnam("postgres")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    try:
        server = PostgresServer(found[-1], folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_nobody_special() -> list[str]:
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] * (
        os.getuid() == 0
    )
