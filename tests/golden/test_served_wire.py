"""The same folders over each of the two servers: what their sockets say, to the letter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.test_wire import CASES, check_case
from tests.support.wire_servers import SERVERS, THE_WIRE

pytestmark = pytest.mark.slow


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every call of the test goes over a socket."""
    THE_WIRE.server = request.param
    yield
    THE_WIRE.server = None


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
async def test_each_server_sends_what_is_written(case: Path) -> None:
    await check_case(case)
