"""A client's certificate, as a gateway tells of it ► what conditions may read of it.

Sideband: a JWK (RFC 7517) whose `x5c` has the certificate in plain base64 of its DER (4.7); the
kits send the leaf alone (facts/ping.md 1.2). Envoy: PEM. The gateway asked for it, and checked it,
in its handshake; nothing is checked here but that it can be read.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from deemster.errors import MalformedCallError
from deemster.model.certificate import ClientCertificate

__all__ = ["LONGEST", "certificate_of", "certificate_of_pem"]

LONGEST = 64 * 1024
"""Characters of base64: several times the size of any certificate in use."""


def certificate_of(jwk: Mapping[str, object]) -> ClientCertificate:
    """The first certificate of `x5c`, which is the client's (RFC 7517 4.7).

    Raises MalformedCallError; the message quotes nothing of it.
    """
    chain = jwk.get("x5c")
    leaf = chain[0] if isinstance(chain, list) and chain else None
    if not isinstance(leaf, str):
        raise MalformedCallError("`client_certificate.x5c` must be an array of base64 texts")
    return _told(_decoded(leaf), "`client_certificate.x5c[0]`")


def certificate_of_pem(text: str) -> ClientCertificate:
    """The first certificate of a PEM text. Raises MalformedCallError, as `certificate_of`."""
    name = "the client's certificate"
    try:
        if len(text) > LONGEST:
            raise ValueError  # noqa: TRY301  (told like all else that is none)
        der = x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)
    except Exception:  # noqa: BLE001  (hostile text: whatever fails, it cannot be read)
        raise MalformedCallError(f"{name} is no X.509 certificate") from None
    return _told(der, name)


def _told(der: bytes, name: str) -> ClientCertificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        names = _alternative_names(certificate)
        return ClientCertificate(
            thumbprint=base64.urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode(),
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            dns_names=tuple(names.get_values_for_type(x509.DNSName)),
            uris=tuple(names.get_values_for_type(x509.UniformResourceIdentifier)),
        )
    except Exception:  # noqa: BLE001  (hostile DER: whatever fails, it cannot be read)
        raise MalformedCallError(f"{name} is no X.509 certificate") from None


def _decoded(leaf: str) -> bytes:
    if len(leaf) <= LONGEST:
        try:
            return base64.b64decode(leaf, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise MalformedCallError("`client_certificate.x5c[0]` is not base64 of a certificate")


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])
