"""Reads `tls` of a listener; the files themselves are read when the listener opens."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.settings.model import TlsSettings
from deemster.settings.section import Section

__all__ = ["read_listener_tls"]


def read_listener_tls(listener: Section) -> TlsSettings | None:
    """None where it is not written, or wrong."""
    if not listener.has("tls"):
        listener.take("tls")
        return None
    section = listener.section("tls")
    certificate = section.file_path("certificate")
    key = section.file_path("key")
    section.take("clientCa")
    client_ca = section.file_path("clientCa") if section.has("clientCa") else None
    section.finish()
    if listener.has("plaintextBehind"):
        listener.error(
            Code.SETTING,
            "`plaintextBehind` says that there is no TLS, and `tls` that there is",
            listener.span_at("plaintextBehind"),
        )
    if certificate is None or key is None:
        # Something was to be protected: what stays of the settings is not served.
        return None
    return TlsSettings(certificate, key, client_ca)
