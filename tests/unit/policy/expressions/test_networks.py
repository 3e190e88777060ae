"""Addresses and networks as ranges."""

from __future__ import annotations

import pytest

from deemster.policy.expressions.networks import (
    Address,
    MalformedNetworkError,
    NetworkSet,
    canonical_address,
    parse_address,
    parse_network,
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("255.255.255.255", "255.255.255.255"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::FFFF:0a00:0001", "10.0.0.1"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("::10.0.0.1", "::a00:1"),
        ("::", "::"),
    ],
)
def test_an_address_has_one_spelling(text: str, canonical: str) -> None:
    address = parse_address(text)
    assert address is not None
    assert canonical_address(address) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0",
        "10.0.0.256",
        "010.0.0.1",
        "10.0.0.1 ",
        " 10.0.0.1",
        "10.0.0.1\n",
        "0x0a.0.0.1",
        "10.0.0.1:443",
        "[::1]",
        "fe80::1%eth0",
        "1",
        "167772161",
        "10.0.0.\u0661",
        "unknown",
        "::ffff:1.2.3.256",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        (
            "10.0.0.0/8",
            ["10.0.0.0", "10.255.255.255", "::ffff:10.0.0.0"],
            ["9.255.255.255", "11.0.0.0"],
        ),
        ("192.0.2.4/30", ["192.0.2.4", "192.0.2.7"], ["192.0.2.3", "192.0.2.8"]),
        ("192.0.2.1", ["192.0.2.1"], ["192.0.2.0", "192.0.2.2"]),
        ("0.0.0.0/0", ["0.0.0.1", "255.255.255.255"], ["::2", "::1"]),
        ("::/0", ["::1", "ffff::"], ["0.0.0.1", "::ffff:1.2.3.4"]),
        ("::ffff:192.0.2.0/120", ["192.0.2.0", "::ffff:192.0.2.255"], ["192.0.3.0", "::192.0.2.0"]),
        ("2001:db8::/32", ["2001:db8::", "2001:db8:ffff::1"], ["2001:db7:ffff::", "2001:db9::"]),
    ],
)
def test_a_network_holds_its_ends_and_nothing_beyond(
    network: str, inside: list[str], outside: list[str]
) -> None:
    held = NetworkSet.of([parse_network(network)])
    assert [text for text in inside if address_of(text) not in held] == []
    assert [text for text in outside if address_of(text) in held] == []


def test_overlapping_networks_are_one_range() -> None:
    texts = ["10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "192.0.2.0/24"]
    held = NetworkSet.of([parse_network(text) for text in texts])
    assert len(held.firsts) == 3  # the first holds nothing
    assert address_of("10.255.255.255") in held
    assert address_of("11.0.0.0") not in held


def test_an_address_between_two_networks_is_in_neither() -> None:
    held = NetworkSet.of([parse_network("10.0.0.0"), parse_network("10.0.0.2")])
    assert address_of("10.0.0.1") not in held


def test_no_networks_hold_nothing() -> None:
    assert address_of("10.0.0.1") not in NetworkSet.of([])


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/٨",
        "2001:db8::1/32",
        "2001:db8::/129",
        "fe80::%eth0/64",
        "",
        "/8",
        "10.0.0.0/8/8",
        "nets",
    ],
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(MalformedNetworkError):
        parse_network(text)


def address_of(text: str) -> Address:
    address = parse_address(text)
    assert address is not None
    return address
