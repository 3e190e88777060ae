"""Reads `listeners`: where the service listens, on which server, and how that is protected."""

from __future__ import annotations

from deemster.settings.ext_authz_sections import read_ext_authz_listener
from deemster.settings.model import Bind, DecisionsListenerSettings, ListenerSettings
from deemster.settings.reading import PROTECTORS, one_of
from deemster.settings.scalars import parse_bind, parse_integer
from deemster.settings.section import Section
from deemster.settings.tls_sections import read_listener_tls

__all__ = ["read_listeners"]

MOST_WORKERS = 64


def read_listeners(section: Section) -> ListenerSettings:
    """`listeners:`"""
    decisions = section.section("decisions")
    bind = decisions.optional("bind", parse_bind, Bind("127.0.0.1", 8080, is_loopback=True))
    server = decisions.optional("server", one_of(("uvicorn", "hypercorn")), "uvicorn")
    workers = decisions.optional("workers", _workers, 1)
    behind = decisions.choice("plaintextBehind", PROTECTORS, None)
    tls = read_listener_tls(decisions)
    decisions.unsupported("clientIp")
    decisions.finish()
    management = section.section("management")
    management_bind = management.optional(
        "bind", parse_bind, Bind("127.0.0.1", 9080, is_loopback=True)
    )
    management_tls = read_listener_tls(management)
    management.unsupported("workers", "bearer")
    management.finish()
    ext_authz = read_ext_authz_listener(section)
    probes = _read_probes(section)
    section.finish()
    return ListenerSettings(
        DecisionsListenerSettings(bind, behind, tls, server, workers),
        management_bind,
        ext_authz,
        management_tls,
        probes,
    )


def _read_probes(section: Section) -> Bind | None:
    """`probes:`, whether the service lives and is ready and nothing else, for whoever asks."""
    if not section.has("probes"):
        section.take("probes")
        return None
    probes = section.section("probes")
    bind = probes.optional("bind", parse_bind, Bind("127.0.0.1", 9081, is_loopback=True))
    probes.finish()
    return bind


def _workers(text: str) -> int:
    count = parse_integer(text)
    if not 1 <= count <= MOST_WORKERS:
        raise ValueError(f"expected 1 to {MOST_WORKERS}")
    return count
