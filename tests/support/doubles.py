"""Decision points that always permit, always deny, or are broken; and what stands around them."""

from collections.abc import Awaitable, Callable

from deemster.errors import ProtocolError
from deemster.model.decision import Decision, Effect, Reason
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall

__all__ = [
    "AlwaysDeny",
    "AlwaysPermit",
    "Broken",
    "CountedIds",
    "FixedDecision",
    "KeptRecords",
    "KeptReports",
    "a_deny",
    "a_permit",
]


def a_permit(**members: object) -> Decision:
    """A permit; `members` replace what it says."""
    return _decision({"effect": Effect.PERMIT, "reason": Reason.PERMITTED, **members})


def a_deny(**members: object) -> Decision:
    """A deny of no particular reason; `members` replace what it says."""
    return _decision({"effect": Effect.DENY, "reason": Reason.POLICY_DENIED, **members})


def _decision(members: dict[str, object]) -> Decision:
    said: dict[str, object] = {"decision_id": "d-1", "revision": "r-1", **members}
    return Decision(**said)  # type: ignore[arg-type]  # members by name, as the test gives them


class FixedDecision:
    """Decides the same of every call, and keeps the calls it was asked about."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.asked: list[tuple[ApiCall, GatewayCaller]] = []

    async def decide(self, call: ApiCall, caller: GatewayCaller) -> Decision:
        self.asked.append((call, caller))
        return self.decision


class AlwaysPermit(FixedDecision):
    """Permits whatever it is asked."""

    def __init__(self) -> None:
        super().__init__(a_permit())


class AlwaysDeny(FixedDecision):
    """Denies whatever it is asked."""

    def __init__(self) -> None:
        super().__init__(a_deny())


class Broken:
    """Raises, or answers what is no decision."""

    def __init__(self, *, raises: BaseException | None = None, answers: object = None) -> None:
        self._raises = raises
        self._answers = answers

    async def decide(self, _call: ApiCall, _caller: GatewayCaller) -> Decision:
        if self._raises is not None:
            raise self._raises
        return self._answers  # type: ignore[return-value]  # that is what is broken


class KeptRecords:
    """Keeps what it was given to record; `pending` makes what the endpoint has to await."""

    def __init__(self, pending: Callable[[], Awaitable[bool]] | None = None) -> None:
        self.decisions: list[Decision] = []
        self.protocols: list[str] = []
        self.elapsed_us: list[int] = []
        self._pending = pending

    def record(
        self,
        *,
        protocol: str,
        caller: GatewayCaller | None,
        call: ApiCall,
        decision: Decision,
        elapsed_us: int,
    ) -> Awaitable[bool] | None:
        self.protocols.append(protocol)
        self.decisions.append(decision)
        self.elapsed_us.append(elapsed_us)
        return None if self._pending is None else self._pending()


class KeptReports:
    """Keeps what the operator would be told."""

    def __init__(self) -> None:
        self.faults: list[tuple[Exception, str]] = []
        self.refused: list[tuple[str, ProtocolError, str]] = []

    def fault(self, fault: Exception, told_id: str) -> None:
        self.faults.append((fault, told_id))

    def refused_call(self, protocol: str, error: ProtocolError, told_id: str) -> None:
        self.refused.append((protocol, error, told_id))


class CountedIds:
    """`id-1`, `id-2`, …"""

    def __init__(self) -> None:
        self._made = 0

    def __call__(self) -> str:
        self._made += 1
        return f"id-{self._made}"
