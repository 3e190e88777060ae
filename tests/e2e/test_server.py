"""The service as a process: real sockets, real signals, slow peers, an orderly end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.support.processes import PATIENCE, PROGRAM, running, until
from tests.support.service import OTHER_SECRET, SECRET, ServiceFolder, a_call, a_service_folder

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def everything(connection: socket.socket) -> bytes:
    """What the service says until it closes the connection."""
    said = b""
    with connection:
        while True:
            try:
                more = connection.recv(65536)
            except ConnectionResetError:
                return said
            if not more:
                return said
            said += more


def one_answer(connection: socket.socket) -> bytes:
    said = b""
    while b"\r\n\r\n" not in said:
        said += connection.recv(65536)
    head, _, body = said.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + body


def request_bytes(token: str, *, secret: str = SECRET) -> tuple[bytes, bytes]:
    body = json.dumps(a_call(token)).encode()
    head = (
        "POST /sideband/request HTTP/1.1\r\nhost: pdp\r\ncontent-type: application/json\r\n"
        f"client-token: {secret}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode(), body


@pytest.fixture(params=["uvicorn", "hypercorn"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> ServiceFolder:
    """Of a service on each of the two servers."""
    found = a_service_folder(tmp_path)
    text = found.settings_file.read_text(encoding="utf-8")
    server = f"decisions: {{server: {request.param}, bind: "
    found.settings_file.write_text(text.replace("decisions: {bind: ", server), encoding="utf-8")
    return found


def test_a_gateway_gets_its_answer_and_operators_theirs(folder: ServiceFolder) -> None:
    with running(folder) as service:
        answer = service.ask(a_call(folder.token()))
        assert (answer.status_code, "response" in answer.json()) == (200, False)
        assert "server" not in answer.headers
        assert service.manage("/ready").json()["status"] == "ready"
        assert service.manage("/live").text == "live\n"
        assert "deemster_decisions_total" in service.manage("/metrics").text
        assert service.manage("/version").json()["name"] == "deemster"
        for path in ("/metrics", "/ready", "/live", "/version"):
            url = f"http://{service.decisions[0]}:{service.decisions[1]}{path}"
            with httpx.Client(trust_env=False) as client:
                assert client.get(url).status_code == 404


def test_decisions_reach_standard_output_and_nothing_else_does(folder: ServiceFolder) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace("{file: {path: decisions.jsonl}}", "{stdout: {}}")
    folder.settings_file.write_text(text, encoding="utf-8")
    with running(folder, stdout=subprocess.PIPE) as service:
        ids = [service.ask(a_call(folder.token())).headers["x-decision-id"] for _ in range(3)]
        service.signal(signal.SIGTERM)
        assert service.process.stdout is not None
        with service.process.stdout as stdout:
            lines = [json.loads(line) for line in stdout]
    assert [line["decision_id"] for line in lines] == ids


@pytest.mark.parametrize(
    ("sent", "cause"),
    [
        pytest.param(b"POST /sideband/request HTTP/1.1\r\nhos", b"header", id="half a header"),
        pytest.param(None, b"body", id="half a body"),
    ],
)
def test_a_slow_caller_is_ended(folder: ServiceFolder, sent: bytes | None, cause: bytes) -> None:
    with running(folder) as service:
        connection = service.connect()
        head, body = request_bytes(folder.token())
        connection.sendall(sent if sent is not None else head + body[:10])
        said = everything(connection)
        # Where calls may share a connection, a late body is refused in the protocol's own form.
        late_body = sent is None and "server: hypercorn" in folder.settings_file.read_text("utf-8")
        assert said.startswith(b"HTTP/1.1 400 " if late_body else b"HTTP/1.1 408 ")
        assert cause in said
        # It cost nobody else anything.
        assert service.ask(a_call(folder.token())).status_code == 200


def test_an_idle_connection_is_ended_after_the_next_call_had_its_chance(
    folder: ServiceFolder,
) -> None:
    with running(folder) as service:
        connection = service.connect()
        head, body = request_bytes(folder.token())
        for _ in range(2):
            connection.sendall(head + body)
            assert one_answer(connection).startswith(b"HTTP/1.1 200 ")
            time.sleep(1.0)  # shorter than idleTimeout
        assert everything(connection) == b""


def test_sigterm_finishes_the_call_in_hand(folder: ServiceFolder) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    # The call is held open on purpose: its body must not be late before the signal has come.
    folder.settings_file.write_text(text.replace("bodyTimeout: 1s", "bodyTimeout: 9s"), "utf-8")
    with running(folder) as service:
        connection = service.connect()
        head, body = request_bytes(folder.token())
        connection.sendall(head + body[:10])
        until(lambda: "deemster_connections 1.0" in service.manage("/metrics").text)
        service.signal(signal.SIGTERM)
        service.wait_for("service_ending")
        until(lambda: _refuses(service.decisions))
        connection.sendall(body[10:])
        said = everything(connection)
        assert said.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in said
        assert service.process.wait(PATIENCE) == 0
    # Its record was flushed before the end.
    assert json.loads(folder.log_file.read_text(encoding="utf-8"))["reason"] == "permitted"


def _refuses(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_service_with_status_0(folder: ServiceFolder, number: int) -> None:
    with running(folder) as service:
        service.signal(number)
        assert service.process.wait(PATIENCE) == 0
        service.wait_for("service_ended")


def test_sighup_takes_a_good_tree_and_a_new_secret(folder: ServiceFolder) -> None:
    with running(folder) as service:
        folder.require_group("buyers")
        folder.change_secret(OTHER_SECRET)
        service.signal(signal.SIGHUP)
        until(lambda: 'result="succeeded"} 1.0' in service.manage("/metrics").text)
        assert service.ask(a_call(folder.token())).status_code == 401
        answer = service.ask(a_call(folder.token()), secret=OTHER_SECRET)
        assert "group-missing" in answer.text


def test_sighup_with_a_bad_tree_keeps_the_old_one_serving(folder: ServiceFolder) -> None:
    with running(folder) as service:
        folder.break_policies()
        service.signal(signal.SIGHUP)
        refused = service.wait_for("reload_refused")
        assert "`alow`" in str(refused["reason"])
        answer = service.ask(a_call(folder.token()))
        assert (answer.status_code, "response" in answer.json()) == (200, False)
        ready = service.manage("/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")


def test_every_answer_under_reloads_is_of_one_whole_tree(folder: ServiceFolder) -> None:
    with running(folder) as service:
        revisions: dict[str, set[str]] = {}
        with httpx.Client(trust_env=False) as client:
            url = f"http://{service.decisions[0]}:{service.decisions[1]}/sideband/request"
            body = a_call(folder.token())
            for round_number in range(60):
                if round_number % 6 == 0:
                    folder.require_group("buyers" if round_number % 12 == 0 else "sales")
                    service.signal(signal.SIGHUP)
                answer = client.post(url, json=body, headers={"client-token": SECRET})
                verdict = "deny" if "response" in answer.json() else "permit"
                revision = answer.headers["x-policy-revision"]
                revisions.setdefault(revision, set()).add(verdict)
        assert len(revisions) == 2
        assert all(len(verdicts) == 1 for verdicts in revisions.values())


def test_a_broken_tree_does_not_start(folder: ServiceFolder) -> None:
    folder.break_policies()
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder.settings_file)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert found.returncode == 1
    assert "PolicyError" in found.stderr


def test_a_taken_port_is_explained(folder: ServiceFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = folder.settings_file.read_text(encoding="utf-8")
        text = text.replace(
            "bind: 127.0.0.1:0}, management", f"bind: 127.0.0.1:{port}}}, management"
        )
        folder.settings_file.write_text(text, encoding="utf-8")
        found = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder.settings_file)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert f"cannot listen on 127.0.0.1:{port} (`listeners.decisions.bind`)" in found.stderr


def test_a_reader_of_standard_output_that_left_stops_no_decision(folder: ServiceFolder) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace("{file: {path: decisions.jsonl}}", "{stdout: {}}")
    folder.settings_file.write_text(text, encoding="utf-8")
    with running(folder, stdout=subprocess.PIPE) as service:
        assert service.process.stdout is not None
        service.process.stdout.close()
        answer = service.ask(a_call(folder.token()))
        assert (answer.status_code, "response" in answer.json()) == (200, False)
        service.wait_for("decision_log_failed")
        lost = 'dropped_total{cause="write-failed",sink="stdout"} 1.0'
        assert lost in service.manage("/metrics").text
