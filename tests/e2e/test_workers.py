"""Several workers under one supervisor: one port, one management listener, one set of figures."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.support.processes import PATIENCE, Process, running, until
from tests.support.service import (
    OTHER_SECRET,
    SECRET,
    ServiceFolder,
    a_call,
    a_service_folder,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(params=["uvicorn", "hypercorn"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> ServiceFolder:
    """Of a service with two workers on each of the two servers."""
    found = a_service_folder(tmp_path)
    text = found.settings_file.read_text(encoding="utf-8")
    workers = f"decisions: {{workers: 2, server: {request.param}, bind: "
    found.settings_file.write_text(text.replace("decisions: {bind: ", workers), encoding="utf-8")
    return found


def to_stdout(folder: ServiceFolder) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace("{file: {path: decisions.jsonl}}", "{stdout: {}}")
    folder.settings_file.write_text(text, encoding="utf-8")


def workers_of(service: Process) -> list[int]:
    """Process ids of those that listen, as the kernel tells them; another one stands by."""
    pid = service.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [
        int(child)
        for child in children
        if b"deemster.serving.worker" in _command_of(child) and _listens(child)
    ]


def _listens(child: str) -> bool:
    table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    listening = {fields[9] for fields in map(str.split, table) if fields[3] == "0A"}
    try:
        links = [str(file.readlink()) for file in Path(f"/proc/{child}/fd").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(link.removeprefix("socket:[").rstrip("]") in listening for link in links)


def _command_of(child: str) -> bytes:
    try:
        return Path(f"/proc/{child}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return b""


def ready(service: Process) -> dict[str, object]:
    found = service.manage("/ready").json()
    assert isinstance(found, dict)
    return found


def both_serve(service: Process) -> bool:
    return ready(service).get("workers") == {"serving": 2, "wanted": 2}


def permits(service: Process, folder: ServiceFolder, calls: int, secret: str = SECRET) -> int:
    """Each call on a connection of its own: the kernel spreads connections over the workers."""
    token = folder.token()
    answers = [service.ask(a_call(token), secret=secret) for _ in range(calls)]
    return sum(answer.status_code == 200 and "response" not in answer.json() for answer in answers)


def counted(service: Process, name: str) -> float:
    lines = service.manage("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_workers_share_the_port_and_are_counted_as_one_service(folder: ServiceFolder) -> None:
    with running(folder) as service:
        assert len(workers_of(service)) == 2
        assert permits(service, folder, 40) == 40
        assert counted(service, "deemster_decisions_total") == 40
        assert counted(service, "deemster_decision_seconds_count") == 40
        assert counted(service, "deemster_workers ") == 2
        assert ready(service)["status"] == "ready"
        assert service.manage("/live").text == "live\n"
        assert "/sideband/request" in service.manage("/openapi.json").json()["paths"]


def test_a_worker_that_is_killed_is_replaced_and_nothing_counted_is_forgotten(
    folder: ServiceFolder,
) -> None:
    with running(folder) as service:
        assert permits(service, folder, 20) == 20
        assert counted(service, "deemster_decisions_total") == 20
        os.kill(workers_of(service)[0], signal.SIGKILL)
        ended = service.wait_for("worker_ended")
        assert ended["status"] == -signal.SIGKILL
        assert permits(service, folder, 10) == 10
        until(lambda: both_serve(service))
        assert permits(service, folder, 20) == 20
        assert counted(service, "deemster_decisions_total") == 50
        assert counted(service, "deemster_worker_restarts_total") == 1


def test_a_process_stands_by_and_takes_the_place_of_a_worker(folder: ServiceFolder) -> None:
    with running(folder) as service:
        spare = until(lambda: standing_by(service))
        os.kill(workers_of(service)[0], signal.SIGKILL)
        until(lambda: spare in workers_of(service) or None)
        # One that died while it stood by is found out when it is needed.
        os.kill(until(lambda: standing_by(service)), signal.SIGKILL)
        os.kill(spare, signal.SIGKILL)
        until(lambda: (spare not in workers_of(service) and both_serve(service)) or None)
        assert permits(service, folder, 20) == 20
        last = until(lambda: standing_by(service))
    assert not Path(f"/proc/{last}").exists()


def standing_by(service: Process) -> int | None:
    """The process that is no worker yet."""
    pid = service.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    there = {int(child) for child in children if b"deemster.serving.worker" in _command_of(child)}
    waiting = there - set(workers_of(service))
    return next(iter(waiting)) if len(there) == 3 and len(waiting) == 1 else None


def test_a_worker_that_hangs_does_not_keep_management_from_answering(
    folder: ServiceFolder,
) -> None:
    with running(folder) as service:
        stopped = workers_of(service)[0]
        os.kill(stopped, signal.SIGSTOP)
        try:
            assert counted(service, "deemster_workers_wanted") == 2
            assert ready(service)["environment"] == "local"
        finally:
            os.kill(stopped, signal.SIGCONT)


def test_a_reload_reaches_every_worker_or_none(folder: ServiceFolder) -> None:
    with running(folder) as service:
        before = ready(service)["revision"]
        folder.require_group("nobody")
        service.signal(signal.SIGHUP)
        until(lambda: ready(service)["revision"] != before)
        until(lambda: permits(service, folder, 10) == 0)
        assert permits(service, folder, 20) == 0
        (folder.path / "policies" / "orders.yaml").write_text("kind: [", encoding="utf-8")
        service.signal(signal.SIGHUP)
        until(lambda: ready(service)["status"] == "degraded")
        assert permits(service, folder, 20) == 0
        folder.require_group("sales")
        service.signal(signal.SIGHUP)
        until(lambda: ready(service)["status"] == "ready")
        until(lambda: permits(service, folder, 10) == 10)
        assert permits(service, folder, 20) == 20


def test_a_worker_that_starts_after_a_rotation_knows_the_new_secret(
    folder: ServiceFolder,
) -> None:
    with running(folder) as service:
        (folder.path / "kong-secret").write_text(OTHER_SECRET, encoding="ascii")
        service.signal(signal.SIGHUP)
        until(lambda: permits(service, folder, 10, OTHER_SECRET) == 10)
        os.kill(workers_of(service)[0], signal.SIGKILL)
        service.wait_for("worker_restarted")
        assert permits(service, folder, 20, OTHER_SECRET) == 20
        assert service.ask(a_call(folder.token()), secret=SECRET).status_code == 401


def test_lines_of_several_workers_are_never_mixed_up(folder: ServiceFolder) -> None:
    to_stdout(folder)
    calls, threads = 100, 4
    with running(folder, stdout=subprocess.PIPE) as service:
        lines: list[str] = []
        assert service.process.stdout is not None
        stdout = service.process.stdout
        reading = threading.Thread(target=lambda: lines.extend(stdout), daemon=True)
        reading.start()
        asking = [
            threading.Thread(target=permits, args=(service, folder, calls)) for _ in range(threads)
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join(PATIENCE)
        service.signal(signal.SIGTERM)
        reading.join(PATIENCE)
        stdout.close()
    ids = Counter(json.loads(line)["decision_id"] for line in lines)
    assert len(ids) == calls * threads
    assert set(ids.values()) == {1}


def test_calls_in_hand_are_finished_at_the_end(folder: ServiceFolder) -> None:
    with running(folder) as service:
        connection = service.connect()
        body = json.dumps(a_call(folder.token())).encode()
        head = (
            "POST /sideband/request HTTP/1.1\r\nhost: pdp\r\ncontent-type: application/json\r\n"
            f"client-token: {SECRET}\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode()
        connection.sendall(head + body[:20])
        until(lambda: counted(service, "deemster_connections ") >= 1)
        service.signal(signal.SIGTERM)
        service.wait_for("service_ending")
        connection.sendall(body[20:])
        with connection:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_without_a_supervisor_no_worker_stays(folder: ServiceFolder) -> None:
    service = Process(folder)
    workers = workers_of(service)
    service.signal(signal.SIGKILL)
    service.process.wait(PATIENCE)
    until(lambda: not any(Path(f"/proc/{number}").exists() for number in workers))
    with pytest.raises(httpx.TransportError):
        service.ask(a_call(folder.token()))
    assert service.process.stderr is not None
    service.process.stderr.close()


def test_a_taken_port_is_told_before_any_worker_starts(tmp_path: Path) -> None:
    found = a_service_folder(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = found.settings_file.read_text(encoding="utf-8")
        text = text.replace(
            "decisions: {bind: 127.0.0.1:0}", f"decisions: {{workers: 2, bind: 127.0.0.1:{port}}}"
        )
        found.settings_file.write_text(text, encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-m", "deemster", "serve", "--config", str(found.settings_file)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert ended.returncode == 2
    assert "cannot listen on" in ended.stderr
    assert "listeners.decisions.bind" in ended.stderr


def test_a_broken_tree_is_shown_once_with_its_place(tmp_path: Path) -> None:
    found = a_service_folder(tmp_path)
    text = found.settings_file.read_text(encoding="utf-8")
    text = text.replace("decisions: {bind", "decisions: {workers: 2, bind")
    found.settings_file.write_text(text, encoding="utf-8")
    path = found.path / "policies" / "orders.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("allow:", "alow:"), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "deemster", "serve", "--config", str(found.settings_file)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("did you mean `allow`") == 2  # two operations, each told once
