"""What containers and units ask, and `deemster ready`, which asks for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import Authority
from tests.support.processes import PATIENCE, running
from tests.support.service import ServiceFolder, a_service_folder
from tests.support.serving import replaced

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

MANAGEMENT = "management: {bind: 127.0.0.1:0}"


def ready(folder: ServiceFolder, *more: str) -> tuple[int, str]:
    found = subprocess.run(
        [sys.executable, "-m", "deemster", "ready", "--config", str(folder.settings_file), *more],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return found.returncode, found.stdout + found.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_probes_have_a_listener_that_tells_whoever_asks_and_not_a_word_more(
    tmp_path: Path, workers: int
) -> None:
    folder = a_service_folder(tmp_path)
    replaced(folder, MANAGEMENT, f"{MANAGEMENT}, probes: {{bind: 127.0.0.1:0}}")
    replaced(folder, "decisions: {bind: ", f"decisions: {{workers: {workers}, bind: ")
    with running(folder) as service, httpx.Client(trust_env=False) as client:
        base = f"http://{service.started['probes']}"
        assert client.get(f"{base}/live").text == "live\n"
        answer = client.get(f"{base}/ready")
        assert (answer.status_code, answer.text) == (200, "ready\n")
        for path in ("/metrics", "/version", "/openapi.json", "/"):
            assert client.get(f"{base}{path}").status_code == 404


def test_ready_tells_by_its_exit_status_whether_calls_can_be_sent(tmp_path: Path) -> None:
    folder = a_service_folder(tmp_path)
    with running(folder) as service:
        bound = service.started["management"]
        replaced(folder, "management: {bind: 127.0.0.1:0}", f"management: {{bind: {bound}}}")
        assert ready(folder) == (0, "ready\n")
        assert ready(folder, "--live") == (0, "live\n")
    code, said = ready(folder)
    assert (code, said.startswith(f"no answer from {bound}: ")) == (1, True)


def test_ready_asks_the_probes_where_management_asks_for_certificates(tmp_path: Path) -> None:
    folder = a_service_folder(tmp_path)
    Authority(tmp_path, "operators").serve_as("server")
    replaced(
        folder,
        MANAGEMENT,
        "management: {bind: 127.0.0.1:0, "
        "tls: {certificate: server.pem, key: server.key, clientCa: operators.pem}}",
    )
    code, said = ready(folder)
    assert code == 2
    assert "`listeners: {probes: {bind: 127.0.0.1:9081}}`" in said
    replaced(folder, "management: {", "probes: {bind: 0.0.0.0:1}, management: {")
    code, said = ready(folder)
    assert (code, said.startswith("no answer from 0.0.0.0:1: ")) == (1, True)
