"""Every case through every gateway: no bypass, no spoof, no secret; and the table of the docs."""

from __future__ import annotations

import pytest

from tests.e2e.gateways.assertions import (
    assert_due,
    assert_no_bypass,
    assert_no_spoof,
    assert_secret_is_kept,
)
from tests.e2e.gateways.cases import CASES, Case
from tests.e2e.gateways.stand import Stand

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


PASS_TRAILERS = {"haproxy"}
"""HAProxy 2.6 cannot drop them; no upstream may merge them into the header (RFC 9110 6.5.1)."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case(stand: Stand, case: Case) -> None:
    seen = stand.seen(case)
    assert_due(case, seen)
    assert_no_bypass(case, seen)
    assert_no_spoof(case, seen)
    assert_secret_is_kept(seen, stand.gateway.secret_header)
    if stand.gateway.name not in PASS_TRAILERS:
        assert not any(arrival.trailer for arrival in seen.arrivals)
