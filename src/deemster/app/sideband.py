"""Ping's sideband API, wired: which exchanges are served at which paths."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.app.changes import StatementChanges
from deemster.decisions.sealed_states import SealedStates
from deemster.decisions.shadowed import Deciding
from deemster.gateways.deciding import CallDecider, RecordedDecisions
from deemster.gateways.exchange import CallExchange, Exchange, ResponseLegExchange
from deemster.gateways.ping_sideband import (
    PingSidebandRequestLeg,
    PingSidebandResponseLeg,
    sideband_paths,
)
from deemster.settings.model import Settings

__all__ = ["sideband_exchanges"]


def sideband_exchanges(
    settings: Settings, point: Deciding, states: SealedStates, decisions: RecordedDecisions
) -> Mapping[str, Exchange]:
    """By path. Raises ConfigurationError."""
    depth = settings.limits.depth
    changes = StatementChanges()
    request: Exchange = CallExchange(
        PingSidebandRequestLeg(max_depth=depth, changes=changes, seal=states.seal),
        CallDecider(point.begin, decisions),
    )
    response: Exchange = ResponseLegExchange(
        PingSidebandResponseLeg(max_depth=depth, changes=changes),
        CallDecider(point.begin_response, decisions),
        point.looks_at_answer,
        states.opened,
    )
    environment = settings.environment
    return {
        **dict.fromkeys(sideband_paths("request", environment), request),
        **dict.fromkeys(sideband_paths("response", environment), response),
    }
