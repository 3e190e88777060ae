"""Envoy with `failure_mode_allow: true`, which nobody should have: Deemster gives it no occasion.

Envoy then lets a call through on an HTTP 5xx, a gRPC error, garbage, or no answer in time. So a
Deemster that runs must never say any of these, whatever happens to it and whatever it is asked. One
that is dead cannot help it: that this does open is shown as well, or the rest would show nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.gateways.assertions import assert_due, assert_no_bypass, assert_no_spoof
from tests.e2e.gateways.cases import ALLOWED, CASES, Case
from tests.e2e.gateways.installed import GATEWAYS
from tests.e2e.gateways.outages import overloaded, running, silent_service
from tests.e2e.gateways.stand import Seen, Stand, standing
from tests.support.parts import Parts

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAULTS = {
    "the decision point raises": """
from deemster.decisions.point import DecisionPoint
def broken(*_): raise RuntimeError("broken")
DecisionPoint._judge = broken
""",
    "everything around the decision point raises": """
from deemster.gateways.deciding import CallDecider, RecordedDecisions
def broken(*_, **__): raise RuntimeError("broken")
RecordedDecisions.decide = CallDecider.decide = broken
""",
    "memory runs out": """
from deemster.decisions.point import DecisionPoint
def broken(*_): raise MemoryError
DecisionPoint._judge = broken
""",
}
"""What is done to `deemster serve` before it starts."""


@pytest.fixture(scope="module", params=["envoy-http", "envoy-grpc"])
def stand(
    request: pytest.FixtureRequest, parts: Parts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    gateway = GATEWAYS[request.param]
    if not gateway.example.exists():
        pytest.skip(f"{gateway.name}: there is no example of its configuration yet")
    swaps = {"failure_mode_allow: false": "failure_mode_allow: true"}
    folder = tmp_path_factory.mktemp(gateway.name)
    with standing(gateway, parts, folder, swaps=swaps) as running_stand:
        yield running_stand


@contextmanager
def restarted(stand: Stand, **how: object) -> Iterator[None]:
    """Another run of the decision point; afterwards the usual one is back."""
    running(stand).end()
    stand.point.start(**how)  # type: ignore[arg-type]  # as the test gives them
    try:
        yield
    finally:
        running(stand).end()
        stand.point.start()
        stand.wait_until_open()


def assert_closed(seen: Seen) -> None:
    assert seen.arrivals == []
    assert seen.answer.status >= 400


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case(stand: Stand, case: Case) -> None:
    seen = stand.seen(case)
    assert_due(case, seen)
    assert_no_bypass(case, seen)
    assert_no_spoof(case, seen)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_decision_point_opens_nothing(stand: Stand, fault: str) -> None:
    with restarted(stand, before=FAULTS[fault]):
        for _ in range(3):
            assert_closed(stand.ask(stand.call_of(ALLOWED)))


def test_a_decision_that_cannot_be_recorded_opens_nothing(stand: Stand) -> None:
    # Linux's own disk without room.
    log = {"sinks": [{"file": {"path": "/dev/full"}}], "whenFull": "block"}
    with restarted(stand, extra={"decisionLog": log}):
        assert_closed(stand.ask(stand.call_of(ALLOWED)))


def test_a_decision_point_with_too_much_to_do_opens_nothing(stand: Stand) -> None:
    with silent_service() as (host, port):
        extra = {
            "limits": {"concurrency": 1},
            "services": {"risk": {"url": f"http://{host}:{port}", "allowPrivate": True}},
        }
        with restarted(stand, extra=extra):
            assert_closed(overloaded(stand))


def test_a_dead_decision_point_does_open_it_hence_the_warning(stand: Stand) -> None:
    running(stand).kill()
    try:
        seen = stand.ask(stand.call_of(ALLOWED))
        assert seen.answer.status == 200
        assert len(seen.arrivals) == 1
    finally:
        stand.point.start()
        stand.wait_until_open()
