"""Which addresses a service may have: where a name leads is looked at before anything is sent.

The address that was looked at is the one that is connected to, so that no second answer of the
name's servers can lead elsewhere (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from deemster.outgoing.failures import CallFailedError

__all__ = ["Resolver", "acceptable_addresses", "is_acceptable", "system_resolver"]

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host name, port) ► addresses as text, in order of preference. Raises OSError."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# RFC 6052: an IPv4 address in the last 32 bits of an IPv6 one.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """As the operating system resolves names."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def acceptable_addresses(
    host: str, port: int, resolver: Resolver, *, allow_private: bool
) -> tuple[str, ...]:
    """Every address of a host. Raises CallFailedError if there is none, or one is refused."""
    try:
        addresses: Sequence[str] = [str(ipaddress.ip_address(host))]
    except ValueError:
        try:
            addresses = await resolver(host, port)
        except OSError as error:
            name = type(error).__name__
            raise CallFailedError(f"its name does not resolve: {name}", is_outage=True) from None
    if not addresses:
        raise CallFailedError("its name has no address", is_outage=True)
    # One refused address among good ones is what a rebinding name answers with.
    if not all(is_acceptable(address, allow_private=allow_private) for address in addresses):
        raise CallFailedError("its address is not one that may be called", is_outage=False)
    return tuple(addresses)


def is_acceptable(address: str, *, allow_private: bool) -> bool:
    """Whether an address may be called. Without `allow_private` only public ones may.

    Never: link-local ones (where clouds keep their credentials), multicast, unspecified, reserved.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return all(_may_be_called(one, allow_private=allow_private) for one in _meant_by(found))


def _may_be_called(address: _Address, *, allow_private: bool) -> bool:
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if address.is_loopback:
        return allow_private
    if address.is_reserved:
        return False
    return address.is_global or allow_private


def _meant_by(address: _Address) -> list[_Address]:
    """The address, and the IPv4 addresses that are hidden in it."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        # The system connects to the IPv4 address itself.
        return [address.ipv4_mapped]
    hidden: list[_Address] = [address]
    if address.sixtofour is not None:
        hidden.append(address.sixtofour)
    if address.teredo is not None:
        hidden.extend(address.teredo)
    if address in _TRANSLATED:
        hidden.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return hidden
