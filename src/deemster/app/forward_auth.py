"""Forward authentication, wired: one exchange for each profile, at its own path."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.decisions.point import DecisionPoint
from deemster.gateways.client_address import ClientAddress
from deemster.gateways.deciding import CallDecider, RecordedDecisions
from deemster.gateways.exchange import CallExchange, Exchange
from deemster.gateways.forward_auth import ForwardAuth, forward_auth_path
from deemster.gateways.forward_auth_profiles import PROFILES, ForwardAuthProfile
from deemster.gateways.identity_headers import IdentityHeaders, IdentityValue
from deemster.settings.model import ForwardAuthSettings, Settings

__all__ = ["forward_auth_exchanges"]


def forward_auth_exchanges(
    settings: Settings, point: DecisionPoint, decisions: RecordedDecisions
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


def _adapter(
    profile: ForwardAuthProfile,
    written: ForwardAuthSettings | None,
    identity: IdentityHeaders,
    settings: Settings,
) -> ForwardAuth:
    address = None
    if written is not None and written.client_ip is not None:
        address = ClientAddress(written.client_ip.header, written.client_ip.trusted_hops)
    return ForwardAuth(
        profile,
        identity=identity,
        copies=() if written is None else written.copies,
        client_address=address,
        secret_headers={gateway.secret_header for gateway in settings.gateways},
    )
