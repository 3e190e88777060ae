"""The last decisions of each decision endpoint, for whoever connects a gateway to it.

For looking at while something is set up, not for an audit: that is what the decision log is for.
Facts: ping.md 4.4. Kept in the memory of this process; nothing of a payload, a header field, a
body or a token.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec.structs import replace

from deemster.decisionlog.redaction import redact_url, shortened
from deemster.gateways.decision_members import (
    DecisionResponse,
    EmbeddedDecisions,
    Link,
    NamedResource,
    RecentDecision,
    RecentDecisions,
)
from deemster.gateways.decision_parameters import AskedDecision
from deemster.model.clock import Clock
from deemster.model.decision import Decision
from deemster.model.gateway import Gateway
from deemster.model.http import ApiCall

__all__ = ["MOST_KEPT", "KeptDecisions"]

MOST_KEPT = 20
KEPT_FOR_SECONDS = 24 * 60 * 60
MAX_NAME = 256
"""Characters kept of any text that a stranger may have chosen, the URL aside."""


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    decision: RecentDecision


class KeptDecisions:
    """At most `MOST_KEPT` for a gateway and an endpoint, none for longer than a day.

    A gateway sees what it asked itself, and what another asked pushes none of its own out. Key:
    (gateway id, API service id), both from the settings and the policies, so they are few.
    """

    def __init__(self, clock: Clock, prefix: str) -> None:
        """`prefix` is the path under which decision endpoints are served, ending in a slash."""
        self._clock = clock
        self._prefix = prefix
        self._kept: dict[tuple[str, str], deque[_Kept]] = {}

    def keep(
        self,
        gateway: Gateway,
        endpoint: str,
        asked: AskedDecision,
        decision: Decision,
        response: DecisionResponse,
    ) -> None:
        """`response` is what the gateway was told about `decision`."""
        url, _ = redact_url(asked.call.url)
        kept = RecentDecision(
            id=response.id,
            created_at=_time(self._clock.wall()),
            method=shortened(asked.call.method, MAX_NAME),
            url=url,
            resource=_resource_of(asked.call),
            operation=decision.operation,
            user=None if decision.subject is None else shortened(decision.subject, MAX_NAME),
            decision_response=replace(
                response,
                statements=tuple([replace(one, payload="") for one in response.statements]),
            ),
            links={"self": Link(f"{self._collection(endpoint)}/{response.id}")},
        )
        entries = self._kept.setdefault((gateway.id, endpoint), deque(maxlen=MOST_KEPT))
        entries.appendleft(_Kept(self._clock.monotonic() + KEPT_FOR_SECONDS, kept))

    def latest(self, gateway: Gateway, endpoint: str, limit: int) -> RecentDecisions:
        """At most `limit`, newest first."""
        found = self._alive(gateway, endpoint)[:limit]
        return RecentDecisions(
            embedded=EmbeddedDecisions(tuple(found)),
            links={"self": Link(self._collection(endpoint))},
            size=len(found),
        )

    def find(self, gateway: Gateway, endpoint: str, decision_id: str) -> RecentDecision | None:
        """None where there is none (any more) of this id."""
        for decision in self._alive(gateway, endpoint):
            if decision.id == decision_id:
                return decision
        return None

    def _alive(self, gateway: Gateway, endpoint: str) -> list[RecentDecision]:
        entries = self._kept.get((gateway.id, endpoint))
        now = self._clock.monotonic()
        while entries and entries[-1].until <= now:
            entries.pop()
        return [entry.decision for entry in entries or ()]

    def _collection(self, endpoint: str) -> str:
        return f"{self._prefix}{endpoint}/recentDecisions"


def _resource_of(call: ApiCall) -> NamedResource | None:
    """An id may be a URL, whatever its type."""
    if call.question is None:
        return None
    resource = call.question.resource
    named, _ = redact_url(resource.id)
    return NamedResource(shortened(resource.type, MAX_NAME), named)


def _time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
