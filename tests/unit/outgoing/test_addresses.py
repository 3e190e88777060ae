"""Addresses that a service may have: whatever form a private one is written in, it is refused."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

import pytest

from deemster.outgoing.addresses import acceptable_addresses, is_acceptable
from deemster.outgoing.failures import CallFailedError

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8"]
PRIVATE = [
    "127.0.0.1", "127.255.255.254", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "198.18.0.1", "fd00:ec2::254", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "192.0.2.1", "2001:db8::1",
]  # fmt: skip
NEVER = [
    "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0",
    "::ffff:169.254.169.254",
    str(ipaddress.IPv4Address(0)), "::", "224.0.0.1", "ff02::1", "255.255.255.255",
    "240.0.0.1", "64:ff9b::7f00:1",
    "2002:7f00:1::", "2002:a9fe:a9fe::", "", "risk.example.com", "127.1", "0x7f000001",
    "2130706433", "017700000001",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called(address: str) -> None:
    assert is_acceptable(address, allow_private=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_needs_the_operators_word(address: str) -> None:
    assert not is_acceptable(address, allow_private=False)
    assert is_acceptable(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER)
def test_what_is_no_host_is_never_called(address: str) -> None:
    assert not is_acceptable(address, allow_private=False)
    # A private address inside of another one is private: 6to4 of loopback needs the word too.
    assert not is_acceptable(address, allow_private=True) or address.startswith("2002:7f")


@pytest.mark.parametrize("host", ["10.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254"])
async def test_a_literal_is_looked_at_and_no_name_is_asked_for(host: str) -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        raise AssertionError(host)

    with pytest.raises(CallFailedError, match="may be called"):
        await acceptable_addresses(host, 443, never, allow_private=False)


async def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    async def rebinding(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34", "127.0.0.1"]

    with pytest.raises(CallFailedError, match="may be called") as failed:
        await acceptable_addresses("risk.example.com", 443, rebinding, allow_private=False)
    assert not failed.value.is_outage


async def test_a_name_that_does_not_resolve_is_an_outage() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror

    async def empty(host: str, port: int) -> Sequence[str]:
        return []

    for resolver in (unknown, empty):
        with pytest.raises(CallFailedError) as failed:
            await acceptable_addresses("risk.example.com", 443, resolver, allow_private=True)
        assert failed.value.is_outage
