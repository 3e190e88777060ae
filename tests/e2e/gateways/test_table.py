"""docs/gateways/table.md is what the gateways do now."""

from __future__ import annotations

import pytest

from tests.e2e.gateways.installed import GATEWAYS
from tests.e2e.gateways.stand import Stand
from tests.e2e.gateways.table import PAGE, column_of, columns_in, page_of

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_has_every_gateway_and_no_other_words() -> None:
    columns = columns_in(TEXT)
    assert list(columns) == list(GATEWAYS)
    assert page_of(columns) == TEXT


@pytest.mark.e2e
@pytest.mark.slow
def test_the_column_of_a_gateway_is_what_client_and_upstream_see(stand: Stand) -> None:
    assert column_of(stand) == columns_in(TEXT)[stand.gateway.name]
