"""Settings are read again at SIGHUP: gateways and secrets at once, the rest is told by name."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.support.processes import Process, running, until
from tests.support.raw_calls import Caller, a_post
from tests.support.service import OTHER_SECRET, SECRET, ServiceFolder, a_call, a_service_folder

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ONE = 'secrets: [{id: k1, value: "${file:kong-secret}"}]'
BOTH = 'secrets: [{id: k1, value: "${file:kong-secret}"}, {id: k2, value: "${file:next}"}]'
NEXT = 'secrets: [{id: k2, value: "${file:next}"}]'


@pytest.fixture(params=[(1, "uvicorn"), (2, "uvicorn"), (1, "hypercorn"), (2, "hypercorn")])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> ServiceFolder:
    workers, server = request.param
    made = a_service_folder(tmp_path)
    change(made, "decisions: {bind", f"decisions: {{workers: {workers}, server: {server}, bind")
    (tmp_path / "next").write_text(OTHER_SECRET, encoding="ascii")
    return made


def change(folder: ServiceFolder, old: str, new: str) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    assert old in text
    folder.settings_file.write_text(text.replace(old, new), encoding="utf-8")


def ready(service: Process) -> dict[str, object]:
    told: dict[str, object] = json.loads(service.manage("/ready").text)
    return told


def used(service: Process, secret_id: str) -> float | None:
    name = r"deemster_gateway_secret_used_timestamp_seconds"
    series = rf'^{name}{{gateway="kong",secret_id="{secret_id}"}} (\S+)$'
    found = re.search(series, service.manage("/metrics").text, re.MULTILINE)
    return None if found is None else float(found[1])


def status(service: Process, folder: ServiceFolder, secret: str) -> int:
    return service.ask(a_call(folder.token()), secret=secret).status_code


def reloaded(service: Process, count: int) -> None:
    service.signal(signal.SIGHUP)
    line = f'deemster_reloads_total{{cause="",result="succeeded"}} {count}.0'
    until(lambda: line in service.manage("/metrics").text or None)
    # With workers the roll-out goes on after the supervisor has taken it.
    until(lambda: ready(service)["status"] == "ready")


async def rotated_under_load(service: Process, folder: ServiceFolder) -> Counter[int]:
    """Answers while k1 is joined by k2, callers move to k2, and k1 is taken away."""
    found: Counter[int] = Counter()
    secret, going = SECRET, True
    body = a_call(folder.token())

    async def call_on() -> None:
        caller = Caller(service.decisions)
        while going:
            post = a_post("/sideband/request", body, {"client-token": secret})
            found[(await caller.ask(post)).status] += 1
        await caller.end()

    callers = [asyncio.create_task(call_on()) for _ in range(4)]
    change(folder, ONE, BOTH)
    await asyncio.to_thread(reloaded, service, 1)
    await asyncio.to_thread(
        until, lambda: all(status(service, folder, OTHER_SECRET) == 200 for _ in range(10))
    )
    secret = OTHER_SECRET
    await asyncio.sleep(0.5)
    change(folder, BOTH, NEXT)
    await asyncio.to_thread(reloaded, service, 2)
    await asyncio.sleep(0.5)
    going = False
    await asyncio.gather(*callers)
    return found


def test_a_secret_is_rotated_by_its_id_and_no_good_call_is_refused(folder: ServiceFolder) -> None:
    with running(folder) as service:
        assert (used(service, "k1"), used(service, "k2")) == (0.0, None)
        found = asyncio.run(rotated_under_load(service, folder))
        assert set(found) == {200}, found
        assert found[200] > 100
        until(lambda: all(status(service, folder, SECRET) == 401 for _ in range(10)))
        assert (used(service, "k2") or 0.0) > 1_700_000_000.0
        records = folder.log_file.read_text(encoding="utf-8")
        assert '"secret_id":"k1"' in records
        assert '"secret_id":"k2"' in records


def test_what_needs_a_restart_is_named_and_does_not_keep_the_rest_back(
    folder: ServiceFolder,
) -> None:
    change(folder, "idleTimeout: 2s", "idleTimeout: 3s")
    with running(folder) as service:
        assert ready(service)["restartNeeded"] == []
        change(folder, "idleTimeout: 3s", "idleTimeout: 4s, concurrency: 77")
        change(folder, ONE, BOTH)
        reloaded(service, 1)
        until(lambda: status(service, folder, OTHER_SECRET) == 200)
        assert ready(service)["restartNeeded"] == ["limits.concurrency", "limits.idleTimeout"]
        assert "deemster_restart_needed 2.0" in service.manage("/metrics").text
        service.wait_for("restart_needed")
        change(folder, "idleTimeout: 4s, concurrency: 77", "idleTimeout: 3s")
        reloaded(service, 2)
        assert ready(service)["restartNeeded"] == []


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("secretz: []", "deemster.yaml:5:5: "),
        (f"secretHeader: x-other\n    {ONE}", "`x-other`, needs a restart"),
    ],
)
def test_settings_that_cannot_serve_change_nothing(
    folder: ServiceFolder, new: str, why: str
) -> None:
    with running(folder) as service:
        change(folder, ONE, new)
        folder.require_group("nobody")
        before = ready(service)["revision"]
        service.signal(signal.SIGHUP)
        until(lambda: ready(service)["status"] == "degraded")
        told = ready(service)
        assert why in str(told["degraded"])
        assert told["revision"] == before
        assert status(service, folder, SECRET) == 200
