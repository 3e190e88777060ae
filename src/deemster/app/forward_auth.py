"""Forward authentication, wired: one exchange for each profile, at its own path."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.decisions.shadowed import Deciding
from deemster.gateways.client_address import ClientAddress
from deemster.gateways.deciding import CallDecider, RecordedDecisions
from deemster.gateways.exchange import CallExchange, Exchange
from deemster.gateways.forward_auth import ForwardAuth, forward_auth_path
from deemster.gateways.forward_auth_profiles import PROFILES, ForwardAuthProfile
from deemster.gateways.identity_headers import IdentityHeaders, IdentityValue
from deemster.settings.model import ClientIpSettings, ForwardAuthSettings, Settings

__all__ = ["client_address", "forward_auth_exchanges"]


def forward_auth_exchanges(
    settings: Settings, point: Deciding, decisions: RecordedDecisions
) -> Mapping[str, Exchange]:
    """By path. Raises ConfigurationError."""
    identity = IdentityHeaders(
        {name: IdentityValue(value) for name, value in settings.identity_headers}
    )
    decider = CallDecider(point.begin, decisions)
    written = {profile.name: profile for profile in settings.forward_auth}
    exchanges: dict[str, Exchange] = {}
    for name, profile in PROFILES.items():
        adapter = _adapter(profile, written.get(name), identity, settings)
        # Any method: a wrong one is refused in the words of the protocol.
        exchanges[forward_auth_path(name)] = CallExchange(adapter, decider, None)
    return exchanges


def client_address(settings: ClientIpSettings | None) -> ClientAddress | None:
    """`clientIp:`; without it no address is known."""
    return None if settings is None else ClientAddress(settings.header, settings.trusted_hops)


def _adapter(
    profile: ForwardAuthProfile,
    written: ForwardAuthSettings | None,
    identity: IdentityHeaders,
    settings: Settings,
) -> ForwardAuth:
    return ForwardAuth(
        profile,
        identity=identity,
        copies=() if written is None else written.copies,
        client_address=None if written is None else client_address(written.client_ip),
        secret_headers={gateway.secret_header for gateway in settings.gateways},
    )
