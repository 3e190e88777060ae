"""The client's certificate as a gateway saw it in the TLS handshake: facts, already parsed."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ClientCertificate"]


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
