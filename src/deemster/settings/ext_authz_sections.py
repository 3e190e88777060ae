"""Reads `listeners.extAuthz` and `extAuthz`: where Envoy asks, and what it is set up to tell."""

from __future__ import annotations

from deemster.gateways.client_address import SOURCE_ADDRESS
from deemster.gateways.identity_headers import why_not_ours
from deemster.policy.codes import Code
from deemster.policy.reading.nodes import MappingNode
from deemster.settings.forward_auth_sections import read_client_ip
from deemster.settings.model import (
    Bind,
    ClientIpSettings,
    ExtAuthzListenerSettings,
    ExtAuthzSettings,
    GatewaySettings,
    ListenerSettings,
)
from deemster.settings.reading import PROTECTORS, Reading
from deemster.settings.scalars import parse_bind, parse_header_name
from deemster.settings.section import Section
from deemster.settings.tls_sections import read_listener_tls

__all__ = ["check_ext_authz", "read_ext_authz", "read_ext_authz_listener"]

IdentityHeaderSettings = tuple[tuple[str, str], ...]


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


def read_ext_authz(root: Section, identity_headers: IdentityHeaderSettings) -> ExtAuthzSettings:
    """`extAuthz:`, what an Envoy of each mode tells and copies besides `identity_headers`."""
    section = root.section("extAuthz")
    grpc = _mode(section, "grpc")
    grpc_client_ip = _client_ip(grpc)
    grpc.misplaced(("copies",), "over gRPC every header field can be set")
    grpc.finish()
    http = _mode(section, "http")
    http_client_ip = _client_ip(http)
    if http_client_ip is not None and http_client_ip.header == SOURCE_ADDRESS:
        http.error(
            Code.SETTING,
            f"over HTTP Envoy does not tell the `{SOURCE_ADDRESS}`",
            http.span_at("clientIp"),
            help="`{from: x-forwarded-for}` is the address that Envoy appends",
        )
    copies = http.texts("copies", parse_header_name, default=())
    identity = [name for name, _ in identity_headers]
    for why in why_not_ours([*identity, *copies])[len(identity) :]:
        if why is not None:
            http.error(Code.SETTING, why, http.span_at("copies"))
    http.finish()
    section.finish()
    return ExtAuthzSettings(grpc_client_ip, http_client_ip, copies)


def _mode(section: Section, name: str) -> Section:
    node = section.mapping(name)
    return Section(
        section.reading, node if isinstance(node, MappingNode) else None, f"extAuthz[{name}]"
    )


def _client_ip(mode: Section) -> ClientIpSettings | None:
    found = read_client_ip(mode.section("clientIp")) if mode.has("clientIp") else None
    mode.take("clientIp")
    return found


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
