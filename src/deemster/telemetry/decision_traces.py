"""Traces of decisions: one span for the decision, one for each stage in it.

`Tracer` says at the beginning which decisions are traced, `TracedRecording` ends a trace where the
decision is recorded, so that it tells what the gateway was told. In between lies a trace that
nobody knows but the decision point.

No span holds anything of the call, of its token or of its user: ids of the settings and of the
policies, the decision's id, effect and reason.
"""

from __future__ import annotations

import random
import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from deemster.decisionlog.record import outcome_of
from deemster.decisions.stages import Stage
from deemster.gateways.deciding import DecisionRecording
from deemster.model.clock import Clock
from deemster.model.decision import Decision, Effect, Reason
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall
from deemster.telemetry.otlp_traces import INTERNAL, SERVER, span
from deemster.telemetry.trace_context import trace_parent

__all__ = ["MOST_OPEN", "MOST_STAGES", "DecisionTrace", "NotTraced", "TracedRecording", "Tracer"]

MOST_OPEN = 4096
MOST_STAGES = 64
"""Spans of one decision."""

_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")


class NotTraced(StrEnum):
    """Why a decision that was chosen has no trace, other than for lack of a collector."""

    LIMIT = "limit"
    """`tracing.perSecond`."""
    ABANDONED = "abandoned"
    """It was never recorded: the call turned out to be none, or its task was cancelled."""


class DecisionTrace:
    """One that is under way (`decisions.stages.TracedStages`)."""

    __slots__ = ("parent_id", "stages", "trace_id")

    def __init__(self, trace_id: str, parent_id: str | None) -> None:
        self.trace_id = trace_id
        self.parent_id = parent_id
        self.stages: list[tuple[Stage, float, float]] = []

    def stage_ended(self, stage: Stage, began: float, ended: float) -> None:
        """See TracedStages."""
        if len(self.stages) < MOST_STAGES:
            self.stages.append((stage, began, ended))


class Tracer:
    """Chooses decisions to trace, and keeps their traces until they are recorded.

    A call that belongs to a trace is traced where that is (its `traceparent` says so); of the
    others a `share` is. `per_second` bounds both: strangers may write a `traceparent` as well.

    Keeps: by decision id, at most MOST_OPEN; of more the oldest is given up and counted.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        share: float,
        per_second: int,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.not_traced: dict[NotTraced, int] = dict.fromkeys(NotTraced, 0)
        self._clock = clock
        self._share = share
        self._per_second = per_second
        self._draw = draw
        self._open: OrderedDict[str, DecisionTrace] = OrderedDict()
        self._second_ends = 0.0
        self._in_second = 0

    def traced(self, call: ApiCall, decision_id: str) -> DecisionTrace | None:
        """See `decisions.stages.Tracing`."""
        parent = trace_parent(call.headers)
        chosen = self._draw() < self._share if parent is None else parent.sampled
        if not chosen or not self._is_within_limit():
            return None
        if parent is None:
            # Whoever has a decision's id has its trace.
            is_id = _TRACE_ID.fullmatch(decision_id) is not None
            trace = DecisionTrace(decision_id if is_id else secrets.token_hex(16), None)
        else:
            trace = DecisionTrace(parent.trace_id, parent.span_id)
        self._open[decision_id] = trace
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
            self.not_traced[NotTraced.ABANDONED] += 1
        return trace

    def ended(self, decision_id: str) -> DecisionTrace | None:
        """The trace of a decision, given away; None where it is not traced."""
        return self._open.pop(decision_id, None)

    def _is_within_limit(self) -> bool:
        now = self._clock.monotonic()
        if now >= self._second_ends:
            self._second_ends = now + 1.0
            self._in_second = 0
        self._in_second += 1
        if self._in_second <= self._per_second:
            return True
        self.not_traced[NotTraced.LIMIT] += 1
        return False


class TracedRecording:
    """Satisfies DecisionRecording: records, and offers the trace to whoever sends it."""

    def __init__(
        self,
        recorder: DecisionRecording,
        tracer: Tracer,
        offer: Callable[[bytes], bool],
        clock: Clock,
    ) -> None:
        """`offer` takes a line or loses and counts it; it never waits."""
        self._recorder = recorder
        self._tracer = tracer
        self._offer = offer
        self._clock = clock
        self._encode = msgspec.json.Encoder().encode

    def record(
        self,
        *,
        protocol: str,
        caller: GatewayCaller | None,
        call: ApiCall,
        decision: Decision,
        elapsed_us: int,
    ) -> Awaitable[bool] | None:
        """See DecisionRecording."""
        began = self._clock.monotonic() - elapsed_us / 1e6
        pending = self._recorder.record(
            protocol=protocol,
            caller=caller,
            call=call,
            decision=decision,
            elapsed_us=elapsed_us,
        )
        trace = self._tracer.ended(decision.decision_id)
        if trace is None:
            return pending
        # Whole microseconds have passed: a stage may have begun before that.
        began = min([began, *[stage_began for _, stage_began, _ in trace.stages]])
        if pending is not None:
            return self._after(pending, trace, protocol, caller, decision, began)
        self._end(trace, protocol, caller, decision, began)
        return None

    async def _after(
        self,
        pending: Awaitable[bool],
        trace: DecisionTrace,
        protocol: str,
        caller: GatewayCaller | None,
        decision: Decision,
        began: float,
    ) -> bool:
        is_recorded = await pending is True
        if not is_recorded:
            # What the gateway is told instead (`gateways.deciding`).
            reason = Reason.DEPENDENCY_UNAVAILABLE
            decision = msgspec.structs.replace(decision, effect=Effect.DENY, reason=reason)
        self._end(trace, protocol, caller, decision, began)
        return is_recorded

    def _end(
        self,
        trace: DecisionTrace,
        protocol: str,
        caller: GatewayCaller | None,
        decision: Decision,
        began: float,
    ) -> None:
        ended = self._clock.monotonic()
        # Monotonic ► seconds since 1970.
        offset = self._clock.wall() - ended
        span_id = secrets.token_hex(8)
        outcome = outcome_of(decision)
        service = decision.service
        spans = [
            span(
                trace_id=trace.trace_id,
                span_id=span_id,
                parent_id=trace.parent_id,
                name="decision",
                kind=SERVER,
                began=offset + began,
                ended=offset + ended,
                attributes={
                    "deemster.decision_id": decision.decision_id,
                    "deemster.effect": decision.effect.value,
                    "deemster.outcome": outcome,
                    "deemster.reason": decision.reason.value,
                    "deemster.protocol": protocol,
                    "deemster.gateway": None if caller is None else caller.gateway.id,
                    "deemster.api_service": None if service is None else service.id,
                    "deemster.operation": decision.operation,
                    "deemster.revision": decision.revision or None,
                },
                error=decision.reason.value if outcome == "error" else None,
            )
        ]
        spans += [
            span(
                trace_id=trace.trace_id,
                span_id=secrets.token_hex(8),
                parent_id=span_id,
                name=stage.value,
                kind=INTERNAL,
                began=offset + stage_began,
                ended=offset + stage_ended,
            )
            for stage, stage_began, stage_ended in trace.stages
        ]
        self._offer(self._encode(spans)[1:-1] + b"\n")
