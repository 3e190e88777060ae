"""The same folders over each of the two servers: what their sockets say, to the letter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.test_wire import CASES, check_case
from tests.support.wire_servers import SERVERS, THE_WIRE

pytestmark = pytest.mark.slow


IN_ITS_OWN_WORDS = {("hypercorn", "error-400-two-hosts")}
"""What a server refuses before the protocol is asked, with the same status."""


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every call of the test goes over a socket."""
    THE_WIRE.server = request.param
    yield request.param
    THE_WIRE.server = None


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
async def test_each_server_sends_what_is_written(server: str, case: Path) -> None:
    if (server, case.name) in IN_ITS_OWN_WORDS:
        with pytest.raises(AssertionError, match=r"assert 'HTTP/1\.1 400"):
            await check_case(case)
    else:
        await check_case(case)
