"""Which header fields each forward-auth gateway tells the original request in: those and no others.

A decision point that took whichever of these is there would be led astray by the client: nginx and
HAProxy pass a client's X-Forwarded-Uri on untouched, Traefik and Caddy its X-Original-URI
(facts/gateways.md 2.1; GHSA-7x63-xv5r-3p2x). Hence one profile a gateway, chosen by path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["PROFILES", "ForwardAuthProfile"]

_SCHEMES: Mapping[bytes, str] = MappingProxyType({b"http": "http", b"https": "https"})
# Traefik names the scheme of a WebSocket handshake, which has the same authority (RFC 6455 3).
_TRAEFIK_SCHEMES = MappingProxyType({**_SCHEMES, b"ws": "http", b"wss": "https"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardAuthProfile:
    """Names in lower case.

    `connection` tells the client's own Connection, which gateways keep to themselves otherwise;
    it may be absent. `statuses` are those of a deny that the gateway passes on; None: all of them.
    """

    name: str
    method: bytes
    uri: bytes
    scheme: bytes = b"x-forwarded-proto"
    host: bytes = b"x-forwarded-host"
    connection: bytes | None = b"x-original-connection"
    schemes: Mapping[bytes, str] = field(default_factory=lambda: _SCHEMES)
    statuses: frozenset[int] | None = None


PROFILES: Mapping[str, ForwardAuthProfile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            ForwardAuthProfile(
                name="nginx",
                method=b"x-original-method",
                uri=b"x-original-uri",
                # Any other one is nginx's own 500 (facts/gateways.md 6).
                statuses=frozenset({401, 403}),
            ),
            ForwardAuthProfile(
                name="traefik",
                method=b"x-forwarded-method",
                uri=b"x-forwarded-uri",
                # Traefik has no way to tell it; it keeps our fields whatever Connection names.
                connection=None,
                schemes=_TRAEFIK_SCHEMES,
            ),
            ForwardAuthProfile(name="caddy", method=b"x-forwarded-method", uri=b"x-forwarded-uri"),
            ForwardAuthProfile(name="haproxy", method=b"x-original-method", uri=b"x-original-uri"),
        )
    }
)
"""By the name that settings and paths use."""
