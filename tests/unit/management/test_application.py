"""The management application answers operators, and tells strangers nothing."""

import httpx
import pytest
from prometheus_client import CollectorRegistry

from deemster.management.application import (
    build_management_application,
    build_probe_application,
)
from deemster.management.status import PolicyStatus, ServiceStatus
from deemster.telemetry.metrics import ServiceFigures, register_figures

READY = ServiceStatus(
    ready=True, environment="local", revision="r1", degraded=None, insecure=("plaintextBehind",)
)
DEGRADED = ServiceStatus(
    ready=True,
    environment="local",
    revision="r1",
    degraded="the tree is broken",
    insecure=(),
    policies=PolicyStatus(source="bundle", sequence=7, age=12.5, expires=1.8e9, too_old="too old"),
)
NOT_READY = ServiceStatus(
    ready=False, environment="local", revision=None, degraded=None, insecure=()
)

POLICIES = {
    "source": "bundle",
    "sequence": 7,
    "ageSeconds": 12.5,
    "expires": "2027-01-15T08:00:00+00:00",
    "tooOld": "too old",
    "trouble": None,
}


async def ask(status: ServiceStatus, path: str, *, peer: str = "127.0.0.1") -> httpx.Response:
    registry = CollectorRegistry()
    register_figures(registry, ServiceFigures(), "1.2.3")
    app = build_management_application(
        status=lambda: status, registry=registry, version="1.2.3", openapi=lambda: b"{}"
    )
    transport = httpx.ASGITransport(app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as client:
        return await client.get(path)


async def test_a_live_service_says_so() -> None:
    answer = await ask(NOT_READY, "/live")
    assert (answer.status_code, answer.text) == (200, "live\n")


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        pytest.param(READY, 200, "ready", id="ready"),
        pytest.param(DEGRADED, 200, "degraded", id="degraded but serving"),
        pytest.param(NOT_READY, 503, "not-ready", id="not ready"),
    ],
)
async def test_readiness_tells_this_machine_all(
    status: ServiceStatus, code: int, word: str
) -> None:
    answer = await ask(status, "/ready")
    assert answer.status_code == code
    assert answer.json() == {
        "status": word,
        "environment": "local",
        "revision": status.revision,
        "policies": None if status.policies is None else POLICIES,
        "degraded": status.degraded,
        "insecure": list(status.insecure),
        "restartNeeded": [],
    }


@pytest.mark.parametrize("peer", ["10.0.0.7", "not an address", "::ffff:10.0.0.7"])
async def test_readiness_tells_other_machines_the_bare_status(peer: str) -> None:
    answer = await ask(DEGRADED, "/ready", peer=peer)
    assert (answer.status_code, answer.text) == (200, "ready\n")
    assert (await ask(NOT_READY, "/ready", peer=peer)).text == "not ready\n"


async def test_metrics_are_prometheus_text() -> None:
    answer = await ask(READY, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'deemster_build{version="1.2.3"} 1.0' in answer.text


async def test_version_is_told() -> None:
    assert (await ask(DEGRADED, "/version")).json() == {
        "name": "deemster",
        "version": "1.2.3",
        "revision": "r1",
        "policies": POLICIES,
    }


@pytest.mark.parametrize("path", ["/", "/sideband/request", "/ready/", "/live/x"])
async def test_nothing_else_is_there(path: str) -> None:
    assert (await ask(READY, path)).status_code in {307, 404}


async def test_the_decisions_listener_is_described() -> None:
    answer = await ask(READY, "/openapi.json")
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.2.1"])
@pytest.mark.parametrize(
    ("status", "answer"), [(DEGRADED, (200, "ready\n")), (NOT_READY, (503, "not ready\n"))]
)
async def test_probes_are_told_the_bare_status_wherever_they_come_from(
    status: ServiceStatus, answer: tuple[int, str], peer: str
) -> None:
    transport = httpx.ASGITransport(build_probe_application(lambda: status), client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://probes") as client:
        found = await client.get("/ready")
        assert (found.status_code, found.text) == answer
        assert (await client.get("/live")).text == "live\n"
        assert (await client.get("/metrics")).status_code == 404
