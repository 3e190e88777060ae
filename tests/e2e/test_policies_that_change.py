"""A service that watches a tree or polls for bundles, in one process and with workers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.test_workers import both_serve, counted, permits, ready, workers_of
from tests.support.bundle_server import BundleServer, bundle_server
from tests.support.policy_bundles import an_orders_bundle, bundled_service_folder
from tests.support.processes import Process, running, until
from tests.support.service import ORDERS, ServiceFolder, a_service_folder

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CALLS = 12


def with_settings(folder: ServiceFolder, *changes: tuple[str, str]) -> ServiceFolder:
    text = folder.settings_file.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    folder.settings_file.write_text(text, encoding="utf-8")
    return folder


def workers(number: int) -> tuple[str, str]:
    return "decisions: {bind", f"decisions: {{workers: {number}, bind"


@pytest.fixture
def server() -> Iterator[BundleServer]:
    with bundle_server(an_orders_bundle(sequence=5)) as found:
        yield found


@pytest.mark.catalogue("R3")
@pytest.mark.parametrize("number", [1, 2])
def test_a_watched_tree_is_taken_without_a_signal(tmp_path: Path, number: int) -> None:
    folder = with_settings(
        a_service_folder(tmp_path),
        ("path: policies", "path: policies, reload: watch"),
        workers(number),
    )
    with running(folder) as service:
        assert permits(service, folder, CALLS) == CALLS
        before = ready(service)["revision"]
        folder.require_group("nobody")
        until(lambda: ready(service)["revision"] != before)
        until(lambda: permits(service, folder, CALLS) == 0)
        folder.break_policies()
        until(lambda: ready(service)["status"] == "degraded")
        assert permits(service, folder, CALLS) == 0
        assert counted(service, 'deemster_reloads_total{cause="policy",result="failed"}') >= 1
        shutil.rmtree(tmp_path / "policies")
        until(lambda: "does not exist" in str(ready(service)["degraded"]))
        assert permits(service, folder, CALLS) == 0
        # It comes back under another name, by a link.
        (tmp_path / "v2").mkdir()
        (tmp_path / "v2" / "orders.yaml").write_text(ORDERS.replace("GROUP", "sales"), "utf-8")
        (tmp_path / "policies").symlink_to("v2")
        until(lambda: ready(service)["status"] == "ready")
        until(lambda: permits(service, folder, CALLS) == CALLS)


@pytest.mark.parametrize("number", [1, 2])
def test_a_polled_bundle_reaches_every_process_or_none(
    tmp_path: Path, server: BundleServer, number: int
) -> None:
    folder = with_settings(
        bundled_service_folder(tmp_path, server.place, poll="1s"), workers(number)
    )
    with running(folder) as service:
        assert permits(service, folder, CALLS) == CALLS
        server.octets = an_orders_bundle("nobody", sequence=6)
        until(lambda: sequence_of(service) == 6)
        until(lambda: permits(service, folder, CALLS) == 0)
        assert permits(service, folder, CALLS) == 0
        server.octets = an_orders_bundle(sequence=5)
        until(lambda: ready(service)["status"] == "degraded")
        assert "6 was taken already" in str(ready(service)["degraded"])
        assert permits(service, folder, CALLS) == 0
        server.octets = an_orders_bundle(sequence=7)
        # A signal asks at once, however long a source that had something bad is left alone.
        service.signal(signal.SIGHUP)
        until(lambda: sequence_of(service) == 7 and ready(service)["status"] == "ready")
        until(lambda: permits(service, folder, CALLS) == CALLS)
        assert counted(service, "deemster_policy_sequence ") == 7


def sequence_of(service: Process) -> object:
    policies = ready(service)["policies"]
    assert isinstance(policies, dict)
    return policies["sequence"]


@pytest.mark.parametrize("number", [1, 2])
def test_old_policies_deny_in_every_process_and_serve_again(
    tmp_path: Path, server: BundleServer, number: int
) -> None:
    folder = with_settings(
        bundled_service_folder(tmp_path, server.place, poll="1s", maximumAge="3s"), workers(number)
    )
    with running(folder) as service:
        # Three seconds may pass before workers have started where much else runs.
        until(lambda: permits(service, folder, CALLS) == CALLS)
        server.status = 503
        until(lambda: permits(service, folder, CALLS) == 0)
        assert "maximumAge" in str(ready(service)["degraded"])
        assert counted(service, "deemster_policy_too_old ") == 1
        assert ready(service)["revision"] is not None
        denied = 'reason="policy-too-old"'
        told = service.manage("/metrics").text.splitlines()
        assert any(denied in line for line in told if line.startswith("deemster_decisions_total"))
        server.status = None
        service.signal(signal.SIGHUP)
        until(lambda: permits(service, folder, CALLS) == CALLS)
        until(lambda: ready(service)["status"] == "ready")


@pytest.mark.parametrize("source", ["tree", "bundle"])
def test_a_worker_that_starts_later_serves_what_the_others_serve(
    tmp_path: Path, server: BundleServer, source: str
) -> None:
    """Whatever lies on disk or with the source by then."""
    if source == "tree":
        folder = a_service_folder(tmp_path)
    else:
        folder = bundled_service_folder(tmp_path, server.place)
    with_settings(folder, workers(2))
    with running(folder) as service:
        revision = ready(service)["revision"]
        server.status = 503
        if source == "tree":
            folder.break_policies()
        for _ in range(2):
            killed = workers_of(service)[0]
            os.kill(killed, signal.SIGKILL)
            until(partial(is_replaced, service, killed))
        assert permits(service, folder, CALLS) == CALLS
        assert ready(service)["revision"] == revision
        assert ready(service)["status"] == "ready"


def is_replaced(service: Process, killed: int) -> bool:
    # One that is dead is listed no more before the supervisor has heard of it.
    there = workers_of(service)
    return len(there) == 2 and killed not in there and both_serve(service)


def test_a_start_without_any_bundle_is_refused_and_says_where_it_looked(
    tmp_path: Path, server: BundleServer
) -> None:
    server.status = 503
    folder = bundled_service_folder(tmp_path, server.place)
    ended = subprocess.run(
        [sys.executable, "-m", "deemster", "serve", "--config", str(folder.settings_file)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 2
    told = ended.stderr.splitlines()[-1]
    assert told.startswith("deemster: there is no policy bundle to start with: ")
    assert server.url in told
    assert "none is kept in `policies.bundle.cache`" in told
