"""A release is replaced behind a balancer, and taken back, as docs/operations.md says."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from benchmarks.processes import free_port
from tests.support.markdown import code_blocks
from tests.support.parts import Parts
from tests.support.processes import Process, running, until
from tests.support.raw_calls import Answer, Caller, a_post
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder
from tests.support.worked_pages import Command, run

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DRAIN, READY = code_blocks(PAGE.replace("\n   ", "\n"), "text")
NAMES = ("one", "two")
CALLERS = 8
PINNED = "keys: [release.public.json], whenTooOld: deny, cache: kept"


class Replica:
    """A place behind the balancer, in which one release after the other runs."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.folder = a_service_folder(path)
        self.decisions, self.probes = free_port(), free_port()
        text = self.folder.settings_file.read_text(encoding="utf-8")
        listening = f"decisions: {{bind: 127.0.0.1:{self.decisions}"
        probes = f"probes: {{bind: 127.0.0.1:{self.probes}}}"
        text = text.replace("decisions: {bind: 127.0.0.1:0", f"{probes}, {listening}")
        # Idle connections are kept for longer than the balancer's.
        text = text.replace("idleTimeout: 2s", "idleTimeout: 75s")
        self.folder.settings_file.write_text(text, encoding="utf-8")
        self.process: Process | None = None

    def start(self) -> None:
        self.process = Process(self.folder)

    def end(self) -> None:
        """By SIGTERM; it must end of its own accord."""
        assert self.process is not None
        self.process.signal(signal.SIGTERM)
        assert self.process.end() == 0
        self.process = None

    @property
    def records(self) -> int:
        """Lines of its decision log."""
        return len(self.folder.log_file.read_text(encoding="utf-8").splitlines())

    def decides_beyond(self, records: int) -> bool:
        """Whether there are more than these now."""
        return self.records > records


class Balancer:
    """HAProxy with the configuration of the page."""

    def __init__(self, at: Path, replicas: dict[str, Replica]) -> None:
        self.port = free_port()
        self.socket = at / "admin.sock"
        (text,) = code_blocks(PAGE, "haproxy")
        changes = {
            "/run/haproxy/admin.sock": str(self.socket),
            "10.0.0.10:8080": f"127.0.0.1:{self.port}",
        }
        for name, replica in replicas.items():
            host = f"10.0.0.{11 + NAMES.index(name)}"
            there = f"server {name} {host}:8080 check port 9081"
            here = f"server {name} 127.0.0.1:{replica.decisions} check port {replica.probes}"
            changes[there] = here
        for there, here in changes.items():
            assert text.count(there) == 1, there
            text = text.replace(there, here)
        self.configuration = at / "haproxy.cfg"
        self.configuration.write_text(text + "\n", encoding="utf-8")

    def tell(self, command: str) -> str:
        """A command of the admin socket, and what it says."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self.socket))
            admin.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: admin.recv(65_536), b"")).decode()

    def has(self, name: str, column: str, value: str) -> bool:
        """Whether that is what HAProxy's table says of a server now."""
        lines = self.tell("show stat").splitlines()
        names = lines[0].removeprefix("# ").split(",")
        rows = [dict(zip(names, line.split(","), strict=False)) for line in lines[1:] if line]
        return next(row for row in rows if row["svname"] == name)[column] == value


@contextmanager
def balancing(parts: Parts, at: Path, replicas: dict[str, Replica]) -> Iterator[Balancer]:
    balancer = Balancer(at, replicas)
    command = [parts.command("haproxy"), "-db", "-f", str(balancer.configuration)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(balancer.socket.exists)
        yield balancer
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[dict[str, Replica]]:
    found = {name: Replica(tmp_path / name) for name in NAMES}
    one, two = found.values()
    one.folder.token()  # makes the key
    shutil.copy(one.folder.path / "development-key.json", two.folder.path)
    yield found
    for replica in found.values():
        if replica.process is not None:
            replica.end()


@asynccontextmanager
async def calls_meanwhile(port: int, folder: ServiceFolder) -> AsyncIterator[list[Answer]]:
    """Gateways that ask all the time; whatever is not answered is raised at the end."""
    request = a_post("/sideband/request", a_call(folder.token()), {"client-token": SECRET})
    answers: list[Answer] = []
    enough = asyncio.Event()

    async def ask() -> None:
        caller = Caller(("127.0.0.1", port))
        try:
            while not enough.is_set():
                answers.append(await caller.ask(request))
        finally:
            caller.close()

    async with asyncio.TaskGroup() as asking:
        for _ in range(CALLERS):
            asking.create_task(ask())
        yield answers
        enough.set()


def test_a_release_is_replaced_and_taken_back_without_a_call_lost(
    tmp_path: Path, parts: Parts, replicas: dict[str, Replica]
) -> None:
    for replica in replicas.values():
        replica.start()
    with balancing(parts, tmp_path, replicas) as balancer:
        for name in NAMES:
            until(partial(balancer.has, name, "check_status", "L7OK"))
        answers = asyncio.run(replace_each(balancer, replicas))
    assert len(answers) > 100
    assert [answer for answer in answers if not answer.permits] == []
    # Each call was decided and recorded once, by one of both.
    for replica in replicas.values():
        replica.end()
        assert replica.records > 50
    assert sum(replica.records for replica in replicas.values()) == len(answers)


async def replace_each(balancer: Balancer, replicas: dict[str, Replica]) -> list[Answer]:
    """One and two by the next release, then two and one back."""
    async with calls_meanwhile(balancer.port, replicas["one"].folder) as answers:
        for name in ("one", "two", "two", "one"):
            replica = replicas[name]
            assert balancer.tell(DRAIN.replace("one", name)).strip() == ""
            await asyncio.to_thread(until, partial(balancer.has, name, "scur", "0"))
            before = len(answers)
            await asyncio.to_thread(replica.end)
            await asyncio.to_thread(replica.start)
            assert balancer.tell(READY.replace("one", name)).strip() == ""
            # The other one answered meanwhile, and this one does again.
            assert len(answers) > before
            await asyncio.to_thread(until, partial(replica.decides_beyond, replica.records))
    return answers


def said(folder: Path, *arguments: str) -> None:
    """`deemster bundle …` in a folder."""
    code, printed = run(Command(("bundle", *arguments), ""), folder)
    assert code == 0, printed


def built(folder: ServiceFolder, group: str, sequence: int) -> bytes:
    """A signed bundle that lets a group pass."""
    folder.require_group(group)
    bundle = f"{sequence}.bundle"
    said(
        folder.path, "build", "policies", "--environment", "local", "--sequence", str(sequence),
        "--expires", "7d", "--sign", "release.private.json", "--output", bundle,
    )  # fmt: skip
    return (folder.path / bundle).read_bytes()


@pytest.mark.parametrize("workers", [1, 2])
def test_policies_go_back_by_a_bundle_of_older_files(tmp_path: Path, workers: int) -> None:
    folder = a_service_folder(tmp_path)
    said(tmp_path, "new-key", "release")
    good, bad = built(folder, "sales", 7), built(folder, "nobody", 8)
    said(
        tmp_path, "rollback", "--to", "7.bundle", "--newest", "8", "--expires", "7d",
        "--key", "release.private.json", "--output", "back.bundle",
    )  # fmt: skip
    back = (tmp_path / "back.bundle").read_bytes()
    text = folder.settings_file.read_text(encoding="utf-8")
    for old, new in (
        ("path: policies", f"bundle: {{file: now.bundle, {PINNED}}}"),
        ("decisions: {", f"decisions: {{workers: {workers}, "),
    ):
        assert old in text
        text = text.replace(old, new)
    folder.settings_file.write_text(text, encoding="utf-8")
    (tmp_path / "now.bundle").write_bytes(good)
    with running(folder) as service:
        assert permits(service, folder)
        older = service.manage("/version").json()["revision"]
        for sequence, octets in ((8, bad), (9, back)):
            (tmp_path / "next.bundle").write_bytes(octets)
            (tmp_path / "next.bundle").replace(tmp_path / "now.bundle")
            service.signal(signal.SIGHUP)
            told = f"deemster_policy_sequence {sequence}.0"
            until(partial(tells, service, told))
            # The supervisor takes it first, then one worker after the other.
            until(partial(decides, service, folder, permit=octets is back))
        assert service.manage("/version").json()["revision"] == older


def tells(service: Process, sample: str) -> bool:
    """Whether a sample is among the metrics."""
    return sample in service.manage("/metrics").text


def decides(service: Process, folder: ServiceFolder, *, permit: bool) -> bool:
    """Whether ten calls in a row end so."""
    return {permits(service, folder) for _ in range(10)} == {permit}


def permits(service: Process, folder: ServiceFolder) -> bool:
    """Whether alice of sales may pass."""
    return "response" not in service.ask(a_call(folder.token())).json()
