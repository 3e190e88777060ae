"""A decision point of one's own: real providers, users written down, and time that stands still."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deemster.decisions.point import Deadlines, DecisionPoint
from deemster.decisions.questions import Question
from deemster.model.decision import Decision
from deemster.model.gateway import GatewayCaller
from deemster.model.http import EVERY_STATEMENT, ApiCall, ApiResponse
from deemster.policy.store import PolicyStore
from deemster.policy.values import TraceEntry
from deemster.policytest.cases import GivenAttribute, SuiteUser
from deemster.policytest.clock import StandingClock
from deemster.policytest.given_attributes import GivenAttributes
from deemster.policytest.providers import ThrowAwayProvider
from deemster.tokens.assumed_proofs import AssumedProofs
from deemster.usercontext.resolver import UserResolver
from deemster.usercontext.static import StaticUserSource

__all__ = ["Desk"]

# Nothing waits for anything here; a slow machine must not turn a permit into a deny.
_PATIENCE = 60.0


class Desk:
    """Answers calls as the service would; every internal provider has the same `users`."""

    def __init__(
        self,
        users: Mapping[str, SuiteUser],
        store: PolicyStore,
        providers: Mapping[str, ThrowAwayProvider],
    ) -> None:
        self.last_fault = ""
        """What went wrong in Deemster itself, after a decision with reason `internal-error`."""
        self._clock = StandingClock()
        self._given = GivenAttributes()
        source = StaticUserSource(
            "users",
            {
                name: {
                    "enabled": user.enabled,
                    "groups": list(user.groups),
                    "roles": list(user.roles),
                    "attributes": user.attributes,
                }
                for name, user in users.items()
            },
        )
        self._point = DecisionPoint(
            store=store,
            providers={name: entry.provider for name, entry in providers.items()},
            users=UserResolver(
                dict.fromkeys(providers, source), clock=self._clock, timeout=_PATIENCE
            ),
            clock=self._clock,
            new_id=lambda: "policy-test",
            report_fault=self._keep_fault,
            deadlines=Deadlines(_PATIENCE, _PATIENCE, _PATIENCE, _PATIENCE),
            attributes=self._given,
            senders=AssumedProofs(),
        )

    async def ask(
        self,
        now: float,
        call: ApiCall,
        caller: GatewayCaller,
        trace: list[TraceEntry] | None = None,
        attributes: Iterable[GivenAttribute] = (),
    ) -> Decision:
        """The decision at `now`, epoch seconds. Raises MalformedCallError.

        `attributes` is what their sources answer.
        """
        self._clock.set(now)
        self._given.give(attributes)
        return await self._point.decide(call, caller, trace)

    async def ask_access(
        self,
        now: float,
        question: Question,
        caller: GatewayCaller,
        trace: list[TraceEntry] | None = None,
        attributes: Iterable[GivenAttribute] = (),
    ) -> Decision:
        """The decision on a question of AuthZEN; `attributes` as for `ask`."""
        self._clock.set(now)
        self._given.give(attributes)
        return await self._point.decide_access(question, caller, trace, possible=EVERY_STATEMENT)

    async def ask_about_answer(
        self,
        now: float,
        call: ApiCall,
        response: ApiResponse,
        caller: GatewayCaller,
        trace: list[TraceEntry] | None = None,
        attributes: Iterable[GivenAttribute] = (),
    ) -> Decision:
        """The decision on what the upstream answered, or on the call if that is refused.

        `attributes` is what their sources answer in both phases.
        """
        self._clock.set(now)
        self._given.give(attributes)
        return await self._point.decide_exchange(call, response, caller, trace)

    def _keep_fault(self, fault: Exception, decision_id: str) -> None:
        self.last_fault = f"{type(fault).__name__}: {fault}"
