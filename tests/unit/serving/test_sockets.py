"""Listening sockets: a free port is told, a taken one explained."""

import socket

import pytest

from deemster.errors import ConfigurationError
from deemster.serving.sockets import Address, open_listener, reserve_port


def test_port_0_is_any_free_port_and_told() -> None:
    listener, address = open_listener("127.0.0.1", 0, setting="x", share_port=False)
    with listener:
        assert address == Address("127.0.0.1", listener.getsockname()[1])
        assert address.port > 0


def test_an_ipv6_address_is_shown_in_brackets() -> None:
    assert str(Address("::1", 8080)) == "[::1]:8080"
    assert str(Address("127.0.0.1", 8080)) == "127.0.0.1:8080"


def test_a_taken_port_names_the_setting() -> None:
    listener, address = open_listener("127.0.0.1", 0, setting="x", share_port=False)
    with listener, pytest.raises(ConfigurationError, match=r"\(`listeners.y.bind`\): Address"):
        open_listener("127.0.0.1", address.port, setting="listeners.y.bind", share_port=False)


def test_workers_of_one_service_share_a_port_and_strangers_do_not() -> None:
    first, address = open_listener("127.0.0.1", 0, setting="x", share_port=True)
    with first:
        second, _ = open_listener("127.0.0.1", address.port, setting="x", share_port=True)
        second.close()
        with pytest.raises(ConfigurationError):
            open_listener("127.0.0.1", address.port, setting="x", share_port=False)


def test_a_listener_does_not_block_the_loop() -> None:
    listener, _ = open_listener("127.0.0.1", 0, setting="x", share_port=False)
    with listener:
        assert listener.gettimeout() == 0
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_reserved_port_is_for_those_who_share_it() -> None:
    held, address = reserve_port("127.0.0.1", 0, setting="x")
    with held:
        with pytest.raises(ConfigurationError):
            open_listener("127.0.0.1", address.port, setting="x", share_port=False)
        worker, _ = open_listener("127.0.0.1", address.port, setting="x", share_port=True)
        worker.close()
        with pytest.raises(ConfigurationError):
            reserve_port("127.0.0.1", address.port, setting="x")


def test_a_port_that_strangers_share_cannot_be_reserved() -> None:
    stranger, address = open_listener("127.0.0.1", 0, setting="x", share_port=True)
    with stranger, pytest.raises(ConfigurationError, match=r"\(`listeners.y.bind`\): Address"):
        reserve_port("127.0.0.1", address.port, setting="listeners.y.bind")
