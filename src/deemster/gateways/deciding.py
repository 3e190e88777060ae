"""One decoded call ► decide ► record ► encode, where every failure ends in a deny.

The order is part of the promise: what could not be recorded is not permitted, and what an adapter
cannot write as a permit is not one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from deemster.errors import ProtocolError
from deemster.gateways.adapter import GatewayAdapter, WireAnswer
from deemster.model.clock import Clock
from deemster.model.decision import Decision, Effect, Reason
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall

__all__ = ["CallDecider", "Decide", "DecisionRecording", "GatewayReports"]

Decide = Callable[[ApiCall, GatewayCaller], Decision | Awaitable[Decision]]
"""A decision point: the decision, or what to await for it where something must be fetched.

May raise ProtocolError where the call turns out to be none.
"""


class DecisionRecording(Protocol):
    """Where decisions are recorded."""

    def record(
        self,
        *,
        protocol: str,
        caller: GatewayCaller | None,
        call: ApiCall,
        decision: Decision,
        elapsed_us: int,
    ) -> Awaitable[bool] | None:
        """None: the answer may go out. Else to be awaited; False means that it must be a deny."""
        ...


class GatewayReports(Protocol):
    """What the operator is told; the id is the one that the gateway is told."""

    def fault(self, fault: Exception, told_id: str) -> None:
        """Something of ours failed, and the call was refused."""
        ...

    def refused_call(self, protocol: str, error: ProtocolError, told_id: str) -> None:
        """A gateway asked wrongly, or a stranger asked."""
        ...


class CallDecider:
    """Asks the decision point for an answer in an adapter's words.

    Keeps how many calls are under way: beyond `concurrency` the answer is `overloaded`, at once.
    """

    def __init__(
        self,
        *,
        decide: Decide,
        recorder: DecisionRecording,
        reports: GatewayReports,
        clock: Clock,
        new_id: Callable[[], str],
        concurrency: int,
    ) -> None:
        self._decide = decide
        self._recorder = recorder
        self._reports = reports
        self._clock = clock
        self._new_id = new_id
        self._concurrency = concurrency
        self._under_way = 0

    async def answer(
        self, adapter: GatewayAdapter, caller: GatewayCaller, call: ApiCall
    ) -> WireAnswer:
        """The adapter's permit or deny.

        Raises ProtocolError where the decision point says that the call is none, and lets a
        cancelled task be cancelled; nothing else, unless the adapter cannot even write a deny.
        """
        started = self._clock.monotonic()
        self._under_way += 1
        try:
            decision = await self._decision(call, caller)
            if decision.statements:
                decision = _carried_out_or_denied(decision, adapter.statements)
            elapsed = int((self._clock.monotonic() - started) * 1_000_000)
            pending = self._recorder.record(
                protocol=adapter.protocol,
                caller=caller,
                call=call,
                decision=decision,
                elapsed_us=elapsed,
            )
            if pending is not None and await pending is not True:
                decision = self._deny(Reason.DEPENDENCY_UNAVAILABLE)
        except ProtocolError:
            raise
        except Exception as fault:  # noqa: BLE001  (fail closed: a fault of ours is a deny)
            decision = self._fault(fault)
        finally:
            self._under_way -= 1
        try:
            return adapter.encode(call, decision)
        except Exception as fault:  # noqa: BLE001  (fail closed: a fault of ours is a deny)
            return adapter.encode(call, self._fault(fault))

    async def _decision(self, call: ApiCall, caller: GatewayCaller) -> Decision:
        if self._under_way > self._concurrency:
            return self._deny(Reason.OVERLOADED)
        try:
            decision = self._decide(call, caller)
            if not isinstance(decision, Decision):
                decision = await decision
        except ProtocolError:
            raise
        except Exception as fault:  # noqa: BLE001  (fail closed; and the deny is recorded)
            return self._fault(fault)
        if not isinstance(decision, Decision):
            return self._fault(TypeError("the decision point answered with no decision"))
        return decision

    def _fault(self, fault: Exception) -> Decision:
        decision = self._deny(Reason.INTERNAL_ERROR)
        self._reports.fault(fault, decision.decision_id)
        return decision

    def _deny(self, reason: Reason) -> Decision:
        # No policy was asked, so there is no revision to name.
        return Decision(
            effect=Effect.DENY,
            reason=reason,
            reasons=(reason,),
            decision_id=self._new_id(),
            revision="",
        )


def _carried_out_or_denied(decision: Decision, possible: frozenset[str]) -> Decision:
    """A permit on a condition that the calling protocol cannot meet is none (service.md 4)."""
    asked = {statement.code for statement in decision.statements if statement.obligatory}
    if not decision.permitted or asked <= possible:
        return decision
    reason = Reason.STATEMENT_NOT_POSSIBLE
    return decision._replace(effect=Effect.DENY, reason=reason, reasons=(reason,), statements=())
