"""Certificates for tests, as files: self-signed for one name, or issued by an authority."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deemster.tokens.base64url import encode_base64url

__all__ = ["Authority", "Issued", "a_certificate", "spki_of"]


def a_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """(certificate, key) of `name`, valid now, in PEM. Whoever trusts it trusts this name alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file = folder / f"{name}.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate_file, _key_file(folder, name, key)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key as files.

    `spki` is the SHA-256 of its public key in base64, `thumbprint` that of the whole certificate as
    RFC 8705 writes it.
    """

    certificate: Path
    key: Path
    spki: str
    thumbprint: str


class Authority:
    """A certificate authority of tests, whose files lie in `folder`; it issues what is asked."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _common_name(name)
        certificate = _builder(self._subject, self._subject, self._key.public_key(), days=(-1, 1))
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        signed = certificate.add_extension(constraints, critical=True).sign(
            self._key, hashes.SHA256()
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        name: str,
        *,
        dns: Sequence[str] = (),
        uris: Sequence[str] = (),
        ips: Sequence[str] = (),
        days: tuple[float, float] = (-1, 1),
        usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.CLIENT_AUTH,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> Issued:
        """`name` is the common name and that of the files; `days` from now to validity's ends."""
        key = key if key is not None else ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_common_name(name), self._subject, key.public_key(), days=days)
        names: list[x509.GeneralName] = [x509.DNSName(text) for text in dns]
        names += [x509.UniformResourceIdentifier(text) for text in uris]
        names += [x509.IPAddress(ipaddress.ip_address(text)) for text in ips]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        signed = builder.sign(self._key, hashes.SHA256())
        certificate_file = self.folder / f"{name}.pem"
        certificate_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return Issued(
            certificate_file,
            _key_file(self.folder, name, key),
            spki_of(key),
            encode_base64url(signed.fingerprint(hashes.SHA256())),
        )

    def serve_as(
        self, name: str, *, ip: str = "127.0.0.1", days: tuple[float, float] = (-1, 1)
    ) -> Issued:
        """For a server on this machine."""
        return self.issue(name, ips=[ip], days=days, usage=ExtendedKeyUsageOID.SERVER_AUTH)


def spki_of(key: ec.EllipticCurvePrivateKey) -> str:
    """As `openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64` gives it."""
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(der).digest()).decode("ascii")


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    *,
    days: tuple[float, float],
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _key_file(folder: Path, name: str, key: ec.EllipticCurvePrivateKey) -> Path:
    file = folder / f"{name}.key"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file
