"""IP addresses and networks as integer ranges: prepared at load, one search at run time.

IPv4-mapped IPv6 addresses (RFC 4291 2.5.5.2) count as IPv4, in addresses and in networks.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "Address",
    "MalformedNetworkError",
    "NetworkSet",
    "canonical_address",
    "parse_address",
    "parse_network",
]

Address = int
"""A place on one line: IPv4 addresses by number, then those of IPv6. 167772161 is 10.0.0.1."""

_FIRST_OF_IPV6 = 1 << 32
# How an octet is written, and its part of the number. With leading zeros some read it as octal.
_FIRST, _SECOND, _THIRD, _FOURTH = (
    {str(octet): octet << bits for octet in range(256)} for bits in (24, 16, 8, 0)
)
_MAPPED_BITS = 96  # the length of ::ffff:0:0/96


class MalformedNetworkError(ValueError):
    """The text is no network; `help` says what to write, or is None."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class NetworkSet:
    """Sorted ranges that do not touch: `firsts[i]` to `lasts[i]`, both ends included.

    The first range holds no address: whatever is looked up has one before it.
    """

    firsts: tuple[Address, ...]
    lasts: tuple[Address, ...]

    @staticmethod
    def of(networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> NetworkSet:
        """The union of networks."""
        ranges = [(-3, -2)]
        for first, last in sorted(map(_range, networks)):
            if first <= ranges[-1][1] + 1:
                ranges[-1] = (ranges[-1][0], max(ranges[-1][1], last))
            else:
                ranges.append((first, last))
        firsts, lasts = zip(*ranges, strict=True)
        return NetworkSet(firsts, lasts)

    def __contains__(self, address: Address) -> bool:
        return address <= self.lasts[bisect_right(self.firsts, address) - 1]


def _range(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> tuple[Address, Address]:
    base = 0 if network.version == 4 else _FIRST_OF_IPV6
    return base + int(network.network_address), base + int(network.broadcast_address)


def parse_address(text: str) -> Address | None:
    """The address a text names, or None if it names none. A scope id (`fe80::1%eth0`) is none."""
    try:
        first, second, third, fourth = text.split(".")
        return _FIRST[first] + _SECOND[second] + _THIRD[third] + _FOURTH[fourth]
    except (KeyError, ValueError):
        return _ipv6(text)


def _ipv6(text: str) -> Address | None:
    if "%" in text:
        return None
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped
    return _FIRST_OF_IPV6 + int(address) if mapped is None else int(mapped)


def canonical_address(address: Address) -> str:
    """The address in its one usual spelling (RFC 5952 for IPv6)."""
    if address < _FIRST_OF_IPV6:
        return str(ipaddress.IPv4Address(address))
    return str(ipaddress.IPv6Address(address - _FIRST_OF_IPV6))


def parse_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """`10.0.0.0/8`, `2001:db8::/32`, or a single address.

    Raises MalformedNetworkError, also for host bits: `10.0.0.1/8` is a slip in the address or in
    the prefix, and both readings grant to somebody.
    """
    _, slash, prefix = text.partition("/")
    if "%" in text or (slash and not (prefix.isascii() and prefix.isdigit())):
        raise MalformedNetworkError(f"`{text}` is not a network in CIDR form", _EXAMPLE)
    try:
        loose = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise MalformedNetworkError(f"`{text}` is not a network in CIDR form", _EXAMPLE) from None
    if loose.network_address != ipaddress.ip_address(text.partition("/")[0]):
        raise MalformedNetworkError(
            f"`{text}` has host bits set", f"write `{loose}`, or the single address without prefix"
        )
    return _unmapped(loose)


_EXAMPLE = "write an address and a prefix length, such as `10.0.0.0/8` or `2001:db8::/32`"


def _unmapped(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    if isinstance(network, ipaddress.IPv4Network) or network.prefixlen < _MAPPED_BITS:
        return network
    mapped = network.network_address.ipv4_mapped
    if mapped is None:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
