"""The client's address, from the one header field that a gateway is configured to tell it in.

Facts: facts/gateways.md 4. Every proxy on the way appends the address it saw to X-Forwarded-For,
behind whatever the client wrote there itself, so only the end of the list can be believed.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["SOURCE_ADDRESS", "ClientAddress"]

SOURCE_ADDRESS = "source-address"
"""In place of a header field's name: what the gateway itself takes for the client's address."""


class ClientAddress:
    """`clientIp: {from, trustedHops}` of the settings."""

    __slots__ = ("_hops", "_name", "is_source")

    def __init__(self, name: str, trusted_hops: int) -> None:
        """`name` of the header field, in any case; `trusted_hops`: how many proxies of the
        operator's stand between the client and the gateway, each of which appended one address.
        """
        self._name = name.lower()
        self._hops = trusted_hops
        self.is_source = self._name == SOURCE_ADDRESS
        """No header field is meant, so that none can say it."""

    def of(self, fields: Iterable[tuple[str, str]]) -> str | None:
        """The address as text, not yet parsed; `fields` have lower-case names.

        None where the list is shorter than the trusted proxies make it: then nobody trusted wrote
        an address, and the client wrote the rest.
        """
        entries = [
            entry.strip(" \t")
            for name, value in fields
            if name == self._name
            for entry in value.split(",")
        ]
        if len(entries) <= self._hops:
            return None
        return entries[-1 - self._hops] or None
