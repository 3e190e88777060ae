"""What every gateway protocol promises, over each of the two servers: the same suite, on a wire."""

from collections.abc import Iterator

import pytest

from tests.contract import test_gateway_adapters
from tests.support.wire_servers import SERVERS, THE_WIRE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True, params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every call of this module goes over a socket."""
    THE_WIRE.server = request.param
    yield
    THE_WIRE.server = None


globals().update(
    {name: value for name, value in vars(test_gateway_adapters).items() if name.startswith("test_")}
)
