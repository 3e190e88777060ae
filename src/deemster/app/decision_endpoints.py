"""Decision endpoints, wired: one prefix, below it an endpoint for each API service."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deemster.app.authzen import all_of
from deemster.decisions.questions import Question
from deemster.decisions.shadowed import Deciding
from deemster.gateways.deciding import Begun, GatewayReports, RecordedDecisions
from deemster.gateways.decision_endpoint import DecisionEndpoints, decision_endpoints_path
from deemster.gateways.decision_parameters import AskedDecision
from deemster.gateways.decision_request import DecisionLimits
from deemster.gateways.exchange import Exchange
from deemster.gateways.recent_decisions import KeptDecisions
from deemster.model.clock import Clock
from deemster.model.gateway import GatewayCaller
from deemster.model.http import EVERY_STATEMENT
from deemster.policy.store import PolicyStore
from deemster.settings.model import Settings

__all__ = ["asked_of", "decision_endpoint_prefixes"]


def decision_endpoint_prefixes(
    settings: Settings,
    point: Deciding,
    decisions: RecordedDecisions,
    *,
    store: PolicyStore,
    reports: GatewayReports,
    clock: Clock,
    new_id: Callable[[], str],
) -> Sequence[tuple[str, Exchange]]:
    """The path that all of them begin with, and what is served there."""
    prefix = decision_endpoints_path(settings.environment)
    chosen = settings.decision_endpoints

    def is_served(endpoint: str) -> bool:
        snapshot = store.current
        # Without policies every endpoint is there, and its decision says what is wrong.
        return snapshot is None or endpoint in snapshot.routed

    endpoints = DecisionEndpoints(
        prefix=prefix,
        begin=asked_of(point),
        together=all_of,
        decisions=decisions,
        is_served=is_served,
        limits=DecisionLimits(depth=settings.limits.depth, bulk=chosen.bulk),
        kept=KeptDecisions(clock, prefix) if chosen.record_recent_requests else None,
        reports=reports,
        clock=clock,
        new_id=new_id,
    )
    return [(prefix, endpoints)]


def asked_of(point: Deciding) -> Callable[[AskedDecision, GatewayCaller], Begun]:
    """The decision point, asked about a call or a question, whichever it is."""

    def begin(asked: AskedDecision, caller: GatewayCaller) -> Begun:
        if asked.access is None:
            return point.begin(asked.call, caller)
        call = asked.call if asked.of_call else None
        question = Question(asked.access, asked.credential, call)
        return point.begin_access(question, caller, possible=EVERY_STATEMENT)

    return begin
