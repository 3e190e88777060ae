"""TLS of a listener: from files to a context, and from newer files to a newer context.

A renewal is a new context, never a change of the one in force: what was negotiated stays as it
was, and no session of the earlier context is resumed with certificates that are believed no more.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deemster.errors import ConfigurationError
from deemster.gateways.peer_certificate import read_certificate
from deemster.model.certificate import PeerCertificate
from deemster.settings.model import TlsSettings

__all__ = ["ListenerTls", "TlsFiles", "peer_certificate"]

# Forward secrecy and authenticated encryption only; those of TLS 1.3 are so by themselves.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
MAX_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of `tls:` as they were at one time: PEM texts. `client_ca` None: none is named."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None

    def __repr__(self) -> str:
        return f"TlsFiles({len(self.certificate)} bytes)"


def peer_certificate(transport: asyncio.BaseTransport) -> PeerCertificate | None:
    """Of a server's connection after its handshake; None without TLS or without a certificate."""
    connection = transport.get_extra_info("ssl_object")
    if connection is None:
        return None
    # Only a certificate whose chain was verified gets here: the handshake fails on any other.
    der = connection.getpeercert(binary_form=True)
    return None if der is None else read_certificate(der)


class ListenerTls:
    """The context in force for new connections of one listener.

    Clients are asked for a certificate where `clientCa` is set; one that is shown must be good,
    and who shows none may still prove who it is by a secret.
    """

    def __init__(
        self,
        settings: TlsSettings,
        *,
        setting: str,
        protocols: Sequence[str],
        compulsory: bool = False,
    ) -> None:
        """`setting` is its name, e.g. `listeners.decisions.tls`; `protocols` those of ALPN;
        `compulsory` whether who shows no certificate gets no connection where `clientCa` is set.

        Raises ConfigurationError where a file cannot be read or used.
        """
        self._settings = settings
        self._setting = setting
        self._protocols = list(protocols)
        self._compulsory = compulsory
        self._next: tuple[TlsFiles, ssl.SSLContext] | None = None
        self.files, self.context = self._load()

    def prepare(self) -> None:
        """Read the files anew, for `take`. Raises ConfigurationError; nothing is changed then."""
        self._next = None
        self._next = self._load()

    def take(self) -> bool:
        """Put what `prepare` read in force; whether other CAs are believed from now on."""
        if self._next is None:
            return False
        before = self.files
        (self.files, self.context), self._next = self._next, None
        return before.client_ca != self.files.client_ca

    def _load(self) -> tuple[TlsFiles, ssl.SSLContext]:
        settings = self._settings
        files = TlsFiles(
            self._read("certificate", settings.certificate),
            self._read("key", settings.key),
            None if settings.client_ca is None else self._read("clientCa", settings.client_ca),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= (
            ssl.OP_NO_COMPRESSION
            | ssl.OP_NO_RENEGOTIATION
            | ssl.OP_NO_TICKET
            | ssl.OP_CIPHER_SERVER_PREFERENCE
        )
        context.num_tickets = 0
        context.set_alpn_protocols(self._protocols)
        try:
            # An empty password: the library would ask the terminal for that of an encrypted key.
            context.load_cert_chain(settings.certificate, settings.key, password="")
        except (OSError, ValueError) as error:
            raise self._unusable("certificate", settings.certificate, error) from None
        if files.client_ca is not None:
            try:
                context.load_verify_locations(cafile=settings.client_ca)
            except (OSError, ValueError) as error:
                raise self._unusable("clientCa", settings.client_ca, error) from None
            context.verify_mode = ssl.CERT_REQUIRED if self._compulsory else ssl.CERT_OPTIONAL
        return files, context

    def _read(self, key: str, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise ConfigurationError(
                f"`{self._setting}.{key}`: `{path}` cannot be read: "
                f"{error.strerror or 'no such file'}"
            ) from None
        if len(content) > MAX_FILE_BYTES:
            raise ConfigurationError(f"`{self._setting}.{key}`: `{path}` is larger than 1 MiB")
        return content

    def _unusable(self, key: str, path: Path | None, error: Exception) -> ConfigurationError:
        # Of what the library says only words that we know: it may quote what the files hold.
        reason = getattr(error, "reason", None) or "NO_START_LINE"
        return ConfigurationError(
            f"`{self._setting}.{key}`: `{path}` cannot be used: "
            f"{_MEANINGS.get(reason, reason.lower().replace('_', ' '))}"
        )


_MEANINGS = {
    "KEY_VALUES_MISMATCH": "the key does not belong to the certificate",
    "BAD_DECRYPT": "the key is encrypted; write it without a password, readable by us alone",
    "BAD_PASSWORD_READ": "the key is encrypted; write it without a password, readable by us alone",
    "NO_START_LINE": "it holds nothing of that kind in PEM",
    "NO_CERTIFICATE_OR_CRL_FOUND": "it holds no certificate in PEM",
}
