"""IP addresses and networks as integer ranges: prepared at load, one search at run time.

IPv4-mapped IPv6 addresses (RFC 4291 2.5.5.2) count as IPv4, in addresses and in networks.
"""

from __future__ import annotations

import ipaddress
import re
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

Address = tuple[int, int]
"""(version, number): (4, 167772161) is 10.0.0.1."""

# The usual spelling, read without the library's generality; leading zeros are read by nobody alike.
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}", re.ASCII)
_MAPPED_BITS = 96  # the length of ::ffff:0:0/96


class MalformedNetworkError(ValueError):
    """The text is no network; `help` says what to write, or is None."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class NetworkSet:
    """Sorted, disjoint ranges: `first4[i]` to `last4[i]`, both ends included; likewise IPv6."""

    first4: tuple[int, ...]
    last4: tuple[int, ...]
    first6: tuple[int, ...]
    last6: tuple[int, ...]

    @staticmethod
    def of(networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> NetworkSet:
        """The union of networks."""
        ranges: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
        for network in networks:
            first, last = int(network.network_address), int(network.broadcast_address)
            ranges[network.version].append((first, last))
        first4, last4 = _disjoint(ranges[4])
        first6, last6 = _disjoint(ranges[6])
        return NetworkSet(first4, last4, first6, last6)

    def __contains__(self, address: Address) -> bool:
        version, number = address
        firsts, lasts = (self.first4, self.last4) if version == 4 else (self.first6, self.last6)
        nearest = bisect_right(firsts, number) - 1
        return nearest >= 0 and number <= lasts[nearest]


def parse_address(text: str) -> Address | None:
    """The address a text names, or None if it names none. A scope id (`fe80::1%eth0`) is none."""
    plain = _IPV4.fullmatch(text)
    if plain is not None:
        first, second, third, fourth = plain.groups()
        return 4, int(first) << 24 | int(second) << 16 | int(third) << 8 | int(fourth)
    if "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version, int(address)


def canonical_address(address: Address) -> str:
    """The address in its one usual spelling (RFC 5952 for IPv6)."""
    version, number = address
    if version == 4:
        return str(ipaddress.IPv4Address(number))
    return str(ipaddress.IPv6Address(number))


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


def _disjoint(ranges: list[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(first for first, _ in merged), tuple(last for _, last in merged)
