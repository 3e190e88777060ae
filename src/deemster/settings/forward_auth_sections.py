"""Reads `forwardAuth`: what each profile's gateway is configured to tell and to copy."""

from __future__ import annotations

from deemster.gateways.forward_auth_profiles import PROFILES
from deemster.gateways.identity_headers import why_not_ours
from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.reading.nodes import MappingNode
from deemster.settings.model import ClientIpSettings, ForwardAuthSettings
from deemster.settings.scalars import parse_header_name, parse_integer
from deemster.settings.section import Section
from deemster.settings.service_sections import between

__all__ = ["read_client_ip", "read_forward_auth"]

MOST_HOPS = 16


def read_forward_auth(
    section: Section, identity_headers: tuple[tuple[str, str], ...]
) -> tuple[ForwardAuthSettings, ...]:
    """`forwardAuth:`; `identity_headers` are copied anyway."""
    written = section.mapping("profiles")
    found = []
    for name, node in () if written is None else written.entries:
        path = f"forwardAuth.profiles[{name.text}]"
        if name.text not in PROFILES:
            section.error(
                Code.UNKNOWN_KEY,
                f"there is no forward-auth profile `{name.text}`",
                name.span,
                help=did_you_mean(name.text, PROFILES)
                or "the profiles are " + ", ".join(f"`{known}`" for known in PROFILES),
            )
        elif isinstance(node, MappingNode):
            profile = Section(section.reading, node, path)
            found.append(_read_profile(name.text, profile, [name for name, _ in identity_headers]))
        else:
            section.error(Code.WRONG_TYPE, f"`{path}` is not a mapping", node.span)
    section.finish()
    return tuple(found)


def _read_profile(name: str, section: Section, identity: list[str]) -> ForwardAuthSettings:
    client_ip = None
    if section.has("clientIp"):
        client_ip = read_client_ip(section.section("clientIp"))
    section.take("clientIp")
    copies = section.texts("copies", parse_header_name, default=())
    for why in why_not_ours([*identity, *copies])[len(identity) :]:
        if why is not None:
            section.error(Code.SETTING, why, section.span_at("copies"))
    section.finish()
    return ForwardAuthSettings(name, client_ip, copies)


def read_client_ip(section: Section) -> ClientIpSettings | None:
    """`clientIp:`"""
    header = section.required("from", parse_header_name)
    hops = section.optional("trustedHops", between(parse_integer, 0, MOST_HOPS, str), 0)
    section.finish()
    return None if header is None else ClientIpSettings(header, hops)
