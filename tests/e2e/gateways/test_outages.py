"""A decision point that is dead, stands still or has too much to do opens nothing."""

from __future__ import annotations

import pytest

from tests.e2e.gateways.assertions import assert_secret_is_kept
from tests.e2e.gateways.outages import OUTAGES, outages
from tests.e2e.gateways.stand import Stand

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.catalogue("T5")
@pytest.mark.parametrize("outage", [name for name in OUTAGES if "again" not in name])
def test_nobody_gets_through_without_a_decision(stand: Stand, outage: str) -> None:
    seen = outages(stand)[outage]
    assert seen.arrivals == []
    assert seen.answer.status < 0 or seen.answer.status >= 400
    assert_secret_is_kept(seen, stand.gateway.secret_header)


@pytest.mark.catalogue("T5")
def test_a_kill_amid_many_calls_lets_nobody_through_who_may_not(stand: Stand) -> None:
    outages(stand)
    amid = stand.amid_kill
    allowed = sum(status == 200 for statuses in amid.statuses.values() for status in statuses)
    # There was a before and an after.
    assert 0 < allowed < sum(len(statuses) for statuses in amid.statuses.values()) * 3 / 5
    for subject in (None, "mallory"):
        assert not any(200 <= status < 300 for status in amid.statuses[subject])
    assert {tuple(told) for told in amid.told} <= {(b"alice",), (b"carol",), (b"bob",)}
    # A call may come in whose client hears nothing more; none is heard of that did not come in.
    assert allowed <= len(amid.told)


@pytest.mark.catalogue("T5")
def test_calls_get_through_again_when_the_decision_point_is_back(stand: Stand) -> None:
    seen = outages(stand)["… and started again"]
    assert seen.answer.status == 200
    assert len(seen.arrivals) == 1
