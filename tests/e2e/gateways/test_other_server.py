"""The same calls where the decisions listener is Hypercorn's: what comes of them is the same."""

from __future__ import annotations

import pytest

from tests.e2e.gateways.assertions import (
    assert_due,
    assert_no_bypass,
    assert_no_spoof,
    assert_secret_is_kept,
    cell,
)
from tests.e2e.gateways.cases import CASES
from tests.e2e.gateways.installed import GATEWAYS
from tests.e2e.gateways.stand import standing
from tests.e2e.gateways.table import PAGE, columns_in
from tests.support.parts import Parts

COLUMNS = columns_in(PAGE.read_text(encoding="utf-8"))
"""What comes of them with the usual server."""


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize("name", ["nginx", "traefik", "caddy", "haproxy"])
def test_every_case(name: str, parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> None:
    gateway = GATEWAYS[name]
    folder = tmp_path_factory.mktemp(name)
    with standing(gateway, parts, folder, server="hypercorn") as stand:
        for case in CASES:
            seen = stand.seen(case)
            assert_due(case, seen)
            assert_no_bypass(case, seen)
            assert_no_spoof(case, seen)
            assert_secret_is_kept(seen, gateway.secret_header)
            assert cell(seen, case.call.target) == COLUMNS[name][case.name]
