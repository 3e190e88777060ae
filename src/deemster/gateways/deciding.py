"""One decoded call ► decide ► encode ► record, where every failure ends in a deny.

The order is part of the promise: what could not be recorded is not permitted, and what an adapter
cannot write as a permit is not one.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Container, Generator
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from deemster.errors import CannotCarryOutError, ProtocolError
from deemster.gateways.adapter import GatewayAdapter, WireAnswer
from deemster.model.clock import Clock
from deemster.model.decision import Decision, Effect, Reason
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall

__all__ = [
    "Asked",
    "Begun",
    "CallDecider",
    "Decide",
    "DecisionRecording",
    "GatewayReports",
    "Pending",
    "RecordedDecisions",
]

Begun = Decision | Awaitable[Decision]
"""The decision, or what to await for it where something must be fetched."""

Decide = Callable[[ApiCall, GatewayCaller], Begun]
"""A decision point. May raise ProtocolError where the call turns out to be none."""

Answer = TypeVar("Answer")


class Pending(Generic[Answer]):
    """An answer that something must be waited for; awaited once."""

    __slots__ = ("_waiting",)

    def __init__(self, waiting: Awaitable[Answer]) -> None:
        self._waiting = waiting

    def __await__(self) -> Generator[Any, None, Answer]:
        """The answer."""
        return self._waiting.__await__()


class Asked(msgspec.Struct, frozen=True, gc=False):
    """Who asks, in which protocol, about what. `possible`: statements that it can carry out."""

    protocol: str
    possible: Container[str]
    caller: GatewayCaller
    call: ApiCall


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


class RecordedDecisions:
    """Takes decisions, words them and records them; shared by all that ask over this process.

    Keeps how many are under way: beyond `concurrency` the answer is `overloaded`, at once. So it
    is for a call that stood in the queue of this process for more than `queue_seconds` before its
    turn came: who asked gives up soon, and to decide it would only make the others wait.
    """

    def __init__(
        self,
        *,
        recorder: DecisionRecording,
        reports: GatewayReports,
        clock: Clock,
        new_id: Callable[[], str],
        concurrency: int,
        queue_seconds: float = math.inf,
        noticed: Callable[[], float] | None = None,
    ) -> None:
        """`noticed`: when the event loop noticed what is now being answered, on the same clock."""
        self._queue_seconds = queue_seconds
        self._noticed = noticed
        self._recorder = recorder
        self._reports = reports
        self._clock = clock
        self._new_id = new_id
        self._concurrency = concurrency
        self._under_way = 0

    async def answer(
        self, asked: Asked, begin: Callable[[], Begun], encode: Callable[[Decision], Answer]
    ) -> Answer:
        """What `encode` makes of the decision that `begin` begins, once that is recorded.

        What is recorded is what was encoded. `encode` raises CannotCarryOutError where a permit
        cannot be put into effect, and must be able to write any deny. Raises ProtocolError where
        the decision point says that the call is none, and lets a cancelled task be cancelled;
        nothing else, unless not even a deny can be written.
        """
        begun = self.begin_answer(asked, begin, encode)
        return await begun if isinstance(begun, Pending) else begun

    def begin_answer(
        self, asked: Asked, begin: Callable[[], Begun], encode: Callable[[Decision], Answer]
    ) -> Answer | Pending[Answer]:
        """As `answer`, but the answer itself where nothing has to be waited for.

        For messages with several questions, which are waited for together.
        """
        started = self._clock.monotonic()
        try:
            begun = self._deny(Reason.OVERLOADED) if self._is_overloaded(started) else begin()
        except ProtocolError:
            raise
        except Exception as fault:  # noqa: BLE001  (fail closed; and the deny is recorded)
            begun = self._fault(fault)
        if not isinstance(begun, Decision):
            return Pending(self._finish(asked, begun, encode, started))
        answer, pending = self._recorded(asked, begun, encode, started)
        return answer if pending is None else Pending(self._written(answer, pending, encode))

    def _is_overloaded(self, now: float) -> bool:
        if self._under_way >= self._concurrency:
            return True
        noticed = self._noticed
        return noticed is not None and now - noticed() > self._queue_seconds

    async def _finish(
        self,
        asked: Asked,
        begun: Awaitable[Decision],
        encode: Callable[[Decision], Answer],
        started: float,
    ) -> Answer:
        self._under_way += 1
        try:
            decision = await begun
        except ProtocolError:
            raise
        except Exception as fault:  # noqa: BLE001  (fail closed; and the deny is recorded)
            decision = self._fault(fault)
        finally:
            self._under_way -= 1
        answer, pending = self._recorded(asked, decision, encode, started)
        return answer if pending is None else await self._written(answer, pending, encode)

    def _recorded(
        self,
        asked: Asked,
        decision: Decision,
        encode: Callable[[Decision], Answer],
        started: float,
    ) -> tuple[Answer, Awaitable[bool] | None]:
        """The answer, and what to await before it may go out."""
        try:
            if not isinstance(decision, Decision):
                decision = self._fault(TypeError("the decision point answered with no decision"))
            elif decision.statements:
                decision = _carried_out_or_denied(decision, asked.possible)
            try:
                answer = encode(decision)
            except CannotCarryOutError:
                decision = _not_possible(decision)
                answer = encode(decision)
            except Exception as fault:  # noqa: BLE001  (fail closed; and the deny is recorded)
                decision = self._fault(fault)
                answer = encode(decision)
            elapsed = int((self._clock.monotonic() - started) * 1_000_000)
            pending = self._recorder.record(
                protocol=asked.protocol,
                caller=asked.caller,
                call=asked.call,
                decision=decision,
                elapsed_us=elapsed,
            )
        except Exception as fault:  # noqa: BLE001  (fail closed: a fault of ours is a deny)
            return encode(self._fault(fault)), None
        return answer, pending

    async def _written(
        self, answer: Answer, pending: Awaitable[bool], encode: Callable[[Decision], Answer]
    ) -> Answer:
        self._under_way += 1
        try:
            if await pending is True:
                return answer
        except Exception as fault:  # noqa: BLE001  (fail closed: a fault of ours is a deny)
            return encode(self._fault(fault))
        finally:
            self._under_way -= 1
        return encode(self._deny(Reason.DEPENDENCY_UNAVAILABLE))

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


class CallDecider:
    """Asks a decision point for an answer in an adapter's words."""

    def __init__(self, decide: Decide, decisions: RecordedDecisions) -> None:
        self._decide = decide
        self._decisions = decisions

    def begin(
        self, adapter: GatewayAdapter, caller: GatewayCaller, call: ApiCall
    ) -> WireAnswer | Pending[WireAnswer]:
        """The adapter's permit or deny; raises as `RecordedDecisions.begin_answer`."""
        return self._decisions.begin_answer(
            Asked(adapter.protocol, adapter.statements, caller, call),
            lambda: self._decide(call, caller),
            lambda decision: adapter.encode(call, decision),
        )


def _carried_out_or_denied(decision: Decision, possible: Container[str]) -> Decision:
    """A permit on a condition that the calling protocol cannot meet is none (service.md 4)."""
    asked = [statement.code for statement in decision.statements if statement.obligatory]
    if not decision.permitted or all(code in possible for code in asked):
        return decision
    return _not_possible(decision)


def _not_possible(decision: Decision) -> Decision:
    reason = Reason.STATEMENT_NOT_POSSIBLE
    return replace(decision, effect=Effect.DENY, reason=reason, reasons=(reason,), statements=())
