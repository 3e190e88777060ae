"""One stand at a time, for all files of this folder: starting a gateway costs a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.gateways.installed import GATEWAYS
from tests.e2e.gateways.stand import Stand, standing
from tests.support.parts import Parts


@pytest.fixture(scope="package", params=sorted(GATEWAYS))
def stand(
    request: pytest.FixtureRequest, parts: Parts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    """A running gateway on its example."""
    gateway = GATEWAYS[request.param]
    with standing(gateway, parts, tmp_path_factory.mktemp(gateway.name)) as running:
        yield running
