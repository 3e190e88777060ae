"""Envoy with `failure_mode_allow: true`, which nobody should have: Deemster gives it no occasion.

Envoy then lets a call through on an HTTP 5xx, a gRPC error, garbage, or no answer in time. So a
Deemster that runs must never say any of these, whatever happens to it and whatever it is asked. One
that is dead cannot help it: that this does open is shown as well, or the rest would show nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.gateways.assertions import assert_due, assert_no_bypass, assert_no_spoof, identities
from tests.e2e.gateways.breakable import FAULTS
from tests.e2e.gateways.cases import ALLOWED, CASES, Case
from tests.e2e.gateways.installed import GATEWAYS
from tests.e2e.gateways.outages import one_place, overloaded, running, silent_service
from tests.e2e.gateways.stand import Seen, Stand, standing
from tests.support.parts import Parts

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CODECS = {"envoy-http": "ExtAuthzGrpc", "envoy-grpc": "ExtAuthzHttp"}
"""Gateway ► whose faults do not concern it."""


@pytest.fixture(
    scope="module",
    params=[("envoy-http", "uvicorn"), ("envoy-http", "hypercorn"), ("envoy-grpc", "uvicorn")],
    ids=" on ".join,
)
def stand(
    request: pytest.FixtureRequest, parts: Parts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    name, server = request.param
    gateway = GATEWAYS[name]
    swaps = {"failure_mode_allow: false": "failure_mode_allow: true"}
    folder = tmp_path_factory.mktemp(gateway.name)
    with (
        silent_service() as risk,
        standing(
            gateway, parts, folder, swaps=swaps, settings=one_place(risk), server=server
        ) as started,
    ):
        yield started


def assert_closed(seen: Seen) -> None:
    assert seen.arrivals == []
    assert seen.answer.status >= 400


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case(stand: Stand, case: Case) -> None:
    seen = stand.seen(case)
    assert_due(case, seen)
    assert_no_bypass(case, seen)
    assert_no_spoof(case, seen)


@pytest.mark.catalogue("T5", "F20")
def test_a_broken_decision_point_opens_nothing(stand: Stand) -> None:
    call = stand.call_of(ALLOWED)
    assert stand.ask(call).answer.status == 200
    others = CODECS[stand.gateway.name]
    for fault in (fault for fault in FAULTS if others not in fault):
        stand.point.break_by(fault)
        try:
            seen = stand.ask(call)
        finally:
            stand.point.break_by("")
        assert seen.arrivals == [], fault
        assert seen.answer.status >= 400, fault


@pytest.mark.catalogue("T5", "F20")
def test_a_decision_point_with_too_much_to_do_opens_nothing(stand: Stand) -> None:
    assert_closed(overloaded(stand))


# Last: neither brings the usual decision point back, because starting one is slow.


@pytest.mark.catalogue("T5")
def test_a_decision_that_cannot_be_recorded_opens_nothing(stand: Stand) -> None:
    running(stand).kill()
    # Linux's own disk without room.
    log = {"sinks": [{"file": {"path": "/dev/full"}}], "whenFull": "block"}
    stand.point.start({"decisionLog": log})
    for _ in range(3):
        assert_closed(stand.ask(stand.call_of(ALLOWED)))


@pytest.mark.catalogue("T5")
def test_a_dead_decision_point_does_open_it_hence_the_warning(stand: Stand) -> None:
    running(stand).kill()
    seen = stand.ask(stand.call_of(ALLOWED))
    assert seen.answer.status == 200
    assert len(seen.arrivals) == 1
    assert identities(seen.arrivals[0]) == []
