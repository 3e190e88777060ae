"""Reads `listeners`: where the service listens, on which server, and how that is protected."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.settings.ext_authz_sections import read_ext_authz_listener
from deemster.settings.model import (
    Bind,
    DecisionsListenerSettings,
    ListenerSettings,
    TlsSettings,
)
from deemster.settings.reading import PROTECTORS, UnsupportedValueError, one_of
from deemster.settings.scalars import parse_bind, parse_integer
from deemster.settings.section import Section

__all__ = ["read_listener_tls", "read_listeners"]


def read_listeners(section: Section) -> ListenerSettings:
    """`listeners:`"""
    decisions = section.section("decisions")
    bind = decisions.optional("bind", parse_bind, Bind("127.0.0.1", 8080, is_loopback=True))
    decisions.optional("server", one_of(("uvicorn",), ("hypercorn",)), "uvicorn")
    decisions.optional("workers", _one_worker, 1)
    behind = decisions.choice("plaintextBehind", PROTECTORS, None)
    tls = read_listener_tls(decisions)
    decisions.unsupported("clientIp")
    decisions.finish()
    management = section.section("management")
    management_bind = management.optional(
        "bind", parse_bind, Bind("127.0.0.1", 9080, is_loopback=True)
    )
    management.unsupported("tls", "workers", "bearer")
    management.finish()
    ext_authz = read_ext_authz_listener(section)
    section.unsupported("probes")
    section.finish()
    return ListenerSettings(
        DecisionsListenerSettings(bind, behind, tls), management_bind, ext_authz
    )


def read_listener_tls(listener: Section) -> TlsSettings | None:
    """`tls:` of one listener; the files themselves are read when the listener opens."""
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


def _one_worker(text: str) -> int:
    count = parse_integer(text)
    if count == 0:
        raise ValueError("expected at least 1")
    if count > 1:
        raise UnsupportedValueError("more than one worker")
    return count
