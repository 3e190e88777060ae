"""Reads `listeners.extAuthz`, and looks whether whoever needs it has it."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.settings.model import (
    Bind,
    ExtAuthzListenerSettings,
    GatewaySettings,
    ListenerSettings,
)
from deemster.settings.reading import PROTECTORS, Reading
from deemster.settings.scalars import parse_bind
from deemster.settings.section import Section
from deemster.settings.tls_sections import read_listener_tls

__all__ = ["check_ext_authz", "read_ext_authz_listener"]


def read_ext_authz_listener(listeners: Section) -> ExtAuthzListenerSettings | None:
    """None where it is not written: nobody who has no Envoy needs the listener."""
    if not listeners.has("extAuthz"):
        listeners.take("extAuthz")
        return None
    section = listeners.section("extAuthz")
    bind = section.optional("bind", parse_bind, Bind("127.0.0.1", 9191, is_loopback=True))
    behind = section.choice("plaintextBehind", PROTECTORS, None)
    tls = read_listener_tls(section)
    section.finish()
    return ExtAuthzListenerSettings(bind, behind, tls)


def check_ext_authz(
    reading: Reading, listeners: ListenerSettings, gateways: list[tuple[GatewaySettings, str]]
) -> None:
    """`gateways`: each with its path."""
    for gateway, path in gateways:
        if "ext-authz-grpc" in gateway.protocols and listeners.ext_authz is None:
            reading.sink.error(
                Code.SETTING,
                f"gateway `{gateway.id}` speaks `ext-authz-grpc`, and nothing listens for it",
                reading.span_of(f"{path}.protocols"),
                help="`listeners: {extAuthz: {}}` listens on 127.0.0.1:9191",
            )
