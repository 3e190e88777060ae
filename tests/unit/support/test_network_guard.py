"""The guard against real network holds in unit tests."""

import socket
from pathlib import Path

import pytest

from tests.support.network import ForbiddenNetworkError, NetworkGuard, Reach


@pytest.mark.parametrize(
    ("family", "address"),
    [
        pytest.param(socket.AF_INET, ("127.0.0.1", 9), id="loopback"),
        pytest.param(socket.AF_INET, ("192.0.2.1", 443), id="elsewhere"),
        pytest.param(socket.AF_INET6, ("::1", 9), id="loopback-v6"),
    ],
)
def test_a_unit_test_connects_to_nothing(
    network_guard: NetworkGuard, family: socket.AddressFamily, address: tuple[str, int]
) -> None:
    with socket.socket(family) as connection, pytest.raises(ForbiddenNetworkError):
        connection.connect(address)
    assert len(network_guard.refused) == 1
    network_guard.refused.clear()


def test_a_unit_test_looks_no_name_up(network_guard: NetworkGuard) -> None:
    with pytest.raises(ForbiddenNetworkError):
        socket.getaddrinfo("idp.example", 443)
    network_guard.refused.clear()


def test_loopback_reach_stops_at_this_machine(network_guard: NetworkGuard) -> None:
    network_guard.reach = Reach.LOOPBACK
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    with socket.socket() as connection, pytest.raises(ForbiddenNetworkError):
        connection.connect(("192.0.2.1", 443))
    network_guard.refused.clear()


def test_unix_sockets_are_free(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as connection:
        server.bind(str(tmp_path / "s"))
        server.listen()
        connection.connect(str(tmp_path / "s"))
