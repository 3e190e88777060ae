"""Decision endpoints in PingOne's shape: POST asks, one question or several; GET looks back.

`{prefix}{API service id}`, and below it `recentDecisions`. facts/ping.md 4; what parameters mean
is in `decision_parameters`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from deemster.errors import MalformedMemberError, ProtocolError
from deemster.gateways.adapter import WireAnswer, WireHeaders, WireRequest
from deemster.gateways.answers import answer_headers
from deemster.gateways.deciding import Asked, Begun, GatewayReports, Pending, RecordedDecisions
from deemster.gateways.decision_answers import decision_response, not_judged
from deemster.gateways.decision_errors import (
    no_such_resource,
    overloaded,
    refused,
    wrong_method,
)
from deemster.gateways.decision_members import BulkResponse, BulkSummary, DecisionResponse
from deemster.gateways.decision_parameters import AskedDecision
from deemster.gateways.decision_request import AskedDecisions, DecisionLimits, read_asked
from deemster.gateways.recent_decisions import MOST_KEPT, KeptDecisions
from deemster.model.clock import Clock
from deemster.model.decision import Decision, Reason
from deemster.model.gateway import GatewayCaller
from deemster.model.http import EVERY_STATEMENT

__all__ = ["PROTOCOL", "DecisionEndpoints", "decision_endpoints_path"]

PROTOCOL = "decision-endpoint"

BeginAsked = Callable[[AskedDecision, GatewayCaller], Begun]
"""A decision point. May raise ProtocolError where what is asked turns out to be nothing."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who asks at which endpoint, and how they call what they ask."""

    caller: GatewayCaller
    endpoint: str
    call_id: str | None


@dataclass(frozen=True, slots=True)
class _Told:
    decision: Decision
    response: DecisionResponse

    @property
    def is_overloaded(self) -> bool:
        return self.decision.reason is Reason.OVERLOADED and not self.decision.permitted


Together = Callable[[Sequence[Pending[_Told]]], Awaitable[list[_Told]]]


def decision_endpoints_path(environment: str) -> str:
    """What every path of a decision endpoint begins with."""
    return f"/v1/environments/{environment}/decisionEndpoints/"


class DecisionEndpoints:
    """All decision endpoints of an environment: one for each API service."""

    protocol = PROTOCOL
    methods: frozenset[str] | None = frozenset({"GET", "POST"})

    def __init__(  # noqa: PLR0913  (its parts, each by keyword)
        self,
        *,
        prefix: str,
        begin: BeginAsked,
        together: Together,
        decisions: RecordedDecisions,
        is_served: Callable[[str], bool],
        limits: DecisionLimits,
        kept: KeptDecisions | None,
        reports: GatewayReports,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        """`together` waits for all that it is given and keeps their order. `is_served` tells
        whether there is an API service of this id. `kept` None: nothing is.
        """
        self._prefix = prefix
        self._begin = begin
        self._together = together
        self._decisions = decisions
        self._is_served = is_served
        self._limits = limits
        self._kept = kept
        self._reports = reports
        self._clock = clock
        self._new_id = new_id

    def begin(self, caller: GatewayCaller, wire: WireRequest) -> WireAnswer | Pending[WireAnswer]:
        """Raises ProtocolError."""
        endpoint, *rest = wire.path.removeprefix(self._prefix).split("/")
        # INVARIANT: what is not this gateway's business is answered as what is not there.
        if not caller.gateway.may_ask_for(endpoint) or not self._is_served(endpoint):
            return no_such_resource(self._new_id())
        if rest:
            return self._look_back(caller, endpoint, rest, wire)
        if wire.method != "POST":
            return wrong_method("POST", self._new_id())
        asked = read_asked(wire, self._limits, self._new_id)
        desk = _Desk(_narrowed(caller, endpoint), endpoint, asked.call_id)
        return Pending(self._bulk(desk, asked) if asked.bulk else self._single(desk, asked))

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """PingOne's error object."""
        return refused(error, error_id)

    async def _single(self, desk: _Desk, asked: AskedDecisions) -> WireAnswer:
        one = asked.asked[0]
        if isinstance(one, ProtocolError):
            raise one
        told = await self._decisions.answer(*self._judging(desk, one))
        self._keep_all(desk, asked, [told])
        if told.is_overloaded:
            return overloaded(told.response.id)
        return WireAnswer(200, answer_headers(told.decision), _ENCODER.encode(told.response))

    async def _bulk(self, desk: _Desk, asked: AskedDecisions) -> WireAnswer:
        """Every question is begun before any is waited for, so the deadline is that of one."""
        correlation_id = asked.call_id or self._new_id()
        begun: list[_Told | Pending[_Told] | DecisionResponse] = []
        for one in asked.asked:
            told = self._begun(desk, one, correlation_id)
            if isinstance(told, _Told) and told.is_overloaded and not begun:
                return overloaded(told.response.id)
            begun.append(told)
        pending = [told for told in begun if isinstance(told, Pending)]
        fetched = iter(await self._together(pending) if pending else ())
        judged = [next(fetched) if isinstance(told, Pending) else told for told in begun]
        responses = [told.response if isinstance(told, _Told) else told for told in judged]
        self._keep_all(desk, asked, judged)
        errors = sum([response.decision == "INDETERMINATE" for response in responses])
        summary = BulkSummary(len(responses), len(responses) - errors, errors)
        body = _ENCODER.encode(BulkResponse(summary, correlation_id, tuple(responses)))
        return WireAnswer(200, _JSON, body)

    def _begun(
        self, desk: _Desk, one: AskedDecision | ProtocolError, correlation_id: str
    ) -> _Told | Pending[_Told] | DecisionResponse:
        """What is told of one question of several, or what to wait for."""
        if isinstance(one, ProtocolError):
            return self._not_judged(one, correlation_id)
        try:
            return self._decisions.begin_answer(*self._judging(desk, one))
        except ProtocolError as error:
            # The others stand: one question that is none spoils itself.
            return self._not_judged(error, correlation_id)

    def _judging(
        self, desk: _Desk, one: AskedDecision
    ) -> tuple[Asked, Callable[[], Begun], Callable[[Decision], _Told]]:
        """What to ask, and how to word the answer."""
        started = self._clock.monotonic()

        def told(decision: Decision) -> _Told:
            elapsed = int((self._clock.monotonic() - started) * 1_000_000)
            correlation_id = desk.call_id or decision.decision_id
            return _Told(
                decision,
                decision_response(decision, correlation_id=correlation_id, elapsed_us=elapsed),
            )

        asked = Asked(PROTOCOL, EVERY_STATEMENT, desk.caller, one.call)
        return asked, lambda: self._begin(one, desk.caller), told

    def _keep_all(
        self, desk: _Desk, asked: AskedDecisions, judged: Sequence[_Told | DecisionResponse]
    ) -> None:
        """What nobody decided is not kept."""
        if self._kept is None:
            return
        for one, told in zip(asked.asked, judged, strict=True):
            if isinstance(one, AskedDecision) and isinstance(told, _Told):
                self._kept.keep(
                    desk.caller.gateway, desk.endpoint, one, told.decision, told.response
                )

    def _not_judged(self, error: ProtocolError, correlation_id: str) -> DecisionResponse:
        answer_id = self._new_id()
        self._reports.refused_call(PROTOCOL, error, answer_id)
        return not_judged(answer_id=answer_id, correlation_id=correlation_id, message=error.message)

    def _look_back(
        self, caller: GatewayCaller, endpoint: str, rest: list[str], wire: WireRequest
    ) -> WireAnswer:
        if self._kept is None or rest[0] != "recentDecisions" or len(rest) > _DEEPEST:
            return no_such_resource(self._new_id())
        if wire.method != "GET":
            return wrong_method("GET", self._new_id())
        if len(rest) == 1:
            latest = self._kept.latest(caller.gateway, endpoint, _limit_of(wire.query))
            return WireAnswer(200, _HAL, _ENCODER.encode(latest))
        found = self._kept.find(caller.gateway, endpoint, rest[1])
        if found is None:
            return no_such_resource(self._new_id())
        return WireAnswer(200, _HAL, _ENCODER.encode(found))


def _narrowed(caller: GatewayCaller, endpoint: str) -> GatewayCaller:
    """The same gateway, which may ask for nothing but the endpoint's API service.

    INVARIANT: no parameter leads from one endpoint to the policies of another.
    """
    return replace(caller, gateway=replace(caller.gateway, api_services=frozenset({endpoint})))


def _limit_of(query: bytes) -> int:
    if not query:
        return MOST_KEPT
    digits = _LIMIT(query)
    if digits is None or not int(digits[1]):
        raise MalformedMemberError("limit", "must be a positive number, and the only parameter")
    return min(int(digits[1]), MOST_KEPT)


_LIMIT = re.compile(rb"limit=([0-9]{1,4})").fullmatch
_DEEPEST = 2  # recentDecisions/{id}
_ENCODER = msgspec.json.Encoder()
_JSON = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_HAL = ((b"content-type", b"application/hal+json"), (b"cache-control", b"no-store"))
