"""A decision point that is dead, stands still or has too much to do opens nothing."""

from __future__ import annotations

import pytest

from tests.e2e.gateways.assertions import assert_secret_is_kept
from tests.e2e.gateways.outages import OUTAGES, outages
from tests.e2e.gateways.stand import Stand

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize("outage", [name for name in OUTAGES if "again" not in name])
def test_nobody_gets_through_without_a_decision(stand: Stand, outage: str) -> None:
    seen = outages(stand)[outage]
    assert seen.arrivals == []
    assert seen.answer.status < 0 or seen.answer.status >= 400
    assert_secret_is_kept(seen, stand.gateway.secret_header)


def test_calls_get_through_again_when_the_decision_point_is_back(stand: Stand) -> None:
    seen = outages(stand)["… and started again"]
    assert seen.answer.status == 200
    assert len(seen.arrivals) == 1
