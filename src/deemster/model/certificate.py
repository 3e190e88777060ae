"""Certificates as facts, already parsed: of a client as its gateway saw it, and of a gateway."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ClientCertificate", "PeerCertificate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """What conditions may read of a certificate. A member that is not known is None or empty.

    `thumbprint` is the SHA-256 of the DER in base64url without padding (RFC 8705 3.1, `x5t#S256`).
    `subject` and `issuer` are distinguished names as RFC 4514 writes them. `dns_names` and `uris`
    are the subject alternative names of these types, in order.
    """

    thumbprint: str | None = None
    subject: str | None = None
    issuer: str | None = None
    dns_names: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCertificate:
    """What the other end of a TLS connection proved to hold, its chain already verified.

    `thumbprint` as above, `spki` the SHA-256 of the DER of its SubjectPublicKeyInfo (None where
    that cannot be read). `names` are its subject alternative names as (`dns`, lower-case name),
    (`uri`, text) and (`ip`, address as `ipaddress` writes it). `valid_until` in epoch seconds: a
    connection may outlive the certificate that opened it.
    """

    thumbprint: str
    spki: bytes | None
    names: frozenset[tuple[str, str]]
    valid_until: float
