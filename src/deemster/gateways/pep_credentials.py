"""What proves a gateway: secrets, certificates by name or key, access tokens (service.md 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from deemster.errors import ConfigurationError
from deemster.model.certificate import PeerCertificate
from deemster.model.gateway import Gateway, GatewayCaller

__all__ = [
    "DEFAULT_SECRET_HEADER",
    "MAX_SECRET_BYTES",
    "MIN_SECRET_BYTES",
    "TOKEN_PROTOCOLS",
    "AccessTokens",
    "GatewayCertificate",
    "GatewayCredentials",
    "GatewaySecret",
    "KnownCertificates",
    "callers_by_header",
]

Key = TypeVar("Key", bytes, tuple[str, str])

DEFAULT_SECRET_HEADER = "client-token"  # noqa: S105 - the name of a header field
MIN_SECRET_BYTES = 32
MAX_SECRET_BYTES = 8192
"""Room for a signed JWT, which is what some gateways are given; bounds what a stranger makes us
digest."""

TOKEN_PROTOCOLS = frozenset({"authzen", "decision-endpoint"})
"""Whose `Authorization` is the gateway's own. In every other protocol that header may be the end
user's, passed on by the gateway, and must never prove who asks."""


@dataclass(frozen=True, slots=True)
class GatewaySecret:
    """One live secret; several are live while one is being replaced. `id` is for the record."""

    id: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GatewayCertificate:
    """Which client certificate proves a gateway: one by a subject alternative name, or by its key.

    `san` is (type, value) as in `PeerCertificate.names`, `spki` the SHA-256 of the DER of the
    SubjectPublicKeyInfo; one of them is set.
    """

    id: str
    san: tuple[str, str] | None = None
    spki: bytes | None = None


@dataclass(frozen=True, slots=True)
class GatewayCredentials:
    """A gateway, and each secret (in its header) and certificate that proves it."""

    gateway: Gateway
    secrets: tuple[GatewaySecret, ...]
    secret_header: str = DEFAULT_SECRET_HEADER
    certificates: tuple[GatewayCertificate, ...] = ()


class AccessTokens(Protocol):
    """Verifies the access tokens that gateways hold, by the settings' token providers."""

    def holder_of(self, token: str, peer: PeerCertificate | None) -> Awaitable[GatewayCaller]:
        """Whose token it is; a token bound to a certificate (RFC 8705 3) is good with that one.

        Raises GatewayUnauthenticatedError, also where the token cannot be verified now.
        """
        ...


Digests = tuple[tuple[bytes, GatewayCaller], ...]
"""SHA-256 of each secret of one header, and whom it proves."""


def callers_by_header(gateways: Sequence[GatewayCredentials]) -> dict[bytes, Digests]:
    """By the lower-case header name. Raises ConfigurationError, never naming a secret itself."""
    seen: dict[bytes, GatewayCaller] = {}
    found: dict[bytes, list[tuple[bytes, GatewayCaller]]] = {}
    for credentials in gateways:
        gateway = credentials.gateway
        known = found.setdefault(credentials.secret_header.lower().encode("ascii"), [])
        for secret in credentials.secrets:
            digest = hashlib.sha256(_usable(secret, gateway)).digest()
            # Across headers too: one secret must not prove two gateways, wherever it is sent.
            other = seen.get(digest)
            if other is not None:
                raise ConfigurationError(
                    f"gateway `{gateway.id}`: secret `{secret.id}` is also secret "
                    f"`{other.secret_id}` of gateway `{other.gateway.id}`"
                )
            seen[digest] = GatewayCaller(gateway, secret.id)
            known.append((digest, seen[digest]))
    return {header: tuple(known) for header, known in found.items()}


class KnownCertificates:
    """Finds the gateway that a certificate names; that a CA issued it names nobody."""

    def __init__(self, gateways: Sequence[GatewayCredentials]) -> None:
        """Raises ConfigurationError where one name or key stands for two gateways."""
        self._by_name: dict[tuple[str, str], GatewayCaller] = {}
        self._by_key: dict[bytes, GatewayCaller] = {}
        self._gateways = frozenset([g.gateway.id for g in gateways if g.certificates])
        for credentials in gateways:
            for certificate in credentials.certificates:
                caller = GatewayCaller(credentials.gateway, certificate.id)
                if certificate.san is not None:
                    _add(self._by_name, certificate.san, caller)
                if certificate.spki is not None:
                    _add(self._by_key, certificate.spki, caller)

    def holders_of(self, peer: PeerCertificate) -> Mapping[str, GatewayCaller]:
        """By gateway id: nobody, one gateway, or several whom the certificate could all be."""
        found = [self._by_name[name] for name in peer.names if name in self._by_name]
        if peer.spki is not None and peer.spki in self._by_key:
            found.append(self._by_key[peer.spki])
        # The record names one credential, and the same one every time.
        return {c.gateway.id: c for c in sorted(found, key=lambda c: str(c.secret_id))}

    def expects(self, gateway: Gateway) -> bool:
        """Whether this gateway has certificates, so that another one cannot be its own."""
        return gateway.id in self._gateways


def _add(known: dict[Key, GatewayCaller], key: Key, caller: GatewayCaller) -> None:
    other = known.setdefault(key, caller)
    if other is not caller:
        raise ConfigurationError(
            f"gateway `{caller.gateway.id}`: certificate `{caller.secret_id}` is also certificate "
            f"`{other.secret_id}` of gateway `{other.gateway.id}`"
        )


def _usable(secret: GatewaySecret, gateway: Gateway) -> bytes:
    place = f"gateway `{gateway.id}`: secret `{secret.id}`"
    value = secret.value
    if not value.isascii() or not value.isprintable() or value != value.strip():
        # RFC 9110 5.5: anything else would reach us changed, or not at all.
        raise ConfigurationError(
            f"{place} must be printable ASCII without spaces at its ends: it is sent as a header"
        )
    if not MIN_SECRET_BYTES <= len(value) <= MAX_SECRET_BYTES:
        raise ConfigurationError(
            f"{place} has {len(value)} bytes, it must have at least {MIN_SECRET_BYTES} and at "
            f"most {MAX_SECRET_BYTES}"
        )
    return value.encode("ascii")
