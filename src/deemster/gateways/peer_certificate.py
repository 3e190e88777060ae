"""A certificate that a handshake verified, as facts about who showed it."""

from __future__ import annotations

import base64
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deemster.model.certificate import PeerCertificate

__all__ = ["read_certificate", "read_pem_certificate"]


def read_certificate(der: bytes) -> PeerCertificate:
    """Of a certificate that somebody else verified. What cannot be read of it names nobody."""
    digest = hashlib.sha256(der).digest()
    thumbprint = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
    try:
        certificate = x509.load_der_x509_certificate(der)
        return PeerCertificate(
            thumbprint=thumbprint,
            spki=hashlib.sha256(
                certificate.public_key().public_bytes(
                    Encoding.DER, PublicFormat.SubjectPublicKeyInfo
                )
            ).digest(),
            names=_names(certificate),
            valid_until=certificate.not_valid_after_utc.timestamp(),
        )
    except Exception:  # noqa: BLE001  (whatever a stranger's certificate does to a parser)
        return PeerCertificate(
            thumbprint=thumbprint, spki=None, names=frozenset(), valid_until=float("-inf")
        )


def read_pem_certificate(pem: bytes) -> PeerCertificate | None:
    """The same of a PEM text; None where it is none."""
    try:
        return read_certificate(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))
    except Exception:  # noqa: BLE001  (as above)
        return None


def _names(certificate: x509.Certificate) -> frozenset[tuple[str, str]]:
    # The common name is no name: RFC 6125 6.4.4, RFC 9525 2.
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return frozenset()
    names: set[tuple[str, str]] = set()
    for name in extension.value:
        match name:
            case x509.DNSName(value=text):
                names.add(("dns", text.lower()))
            case x509.UniformResourceIdentifier(value=text):
                names.add(("uri", text))
            case x509.IPAddress(value=address):
                names.add(("ip", str(address)))
            case _:
                pass  # a directory name, a mail address: nobody is named by them here
    return frozenset(names)
