"""Replicas of a decision point that answer both legs of the sideband protocol, and a kit between.

Real policy, statements, seals and codecs; users and tokens by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deemster.app.changes import StatementChanges
from deemster.decisions.sealed_states import SealedStates
from deemster.gateways.adapter import WireRequest
from deemster.gateways.deciding import CallDecider, RecordedDecisions
from deemster.gateways.exchange import CallExchange, ResponseLegExchange, answered
from deemster.gateways.ping_sideband import PingSidebandRequestLeg, PingSidebandResponseLeg
from deemster.model.gateway import GatewayCaller
from tests.support.doubles import CountedIds, KeptRecords, KeptReports
from tests.support.gateway_calls import a_request_leg, some_states
from tests.support.points import FakeUsers, Point, a_caller, a_point, some_claims

__all__ = ["Replica", "Upstream", "is_passed", "reason_of"]

URL = "https://api.example.com/shop/items"
Answer = dict[str, object]


@dataclass(frozen=True)
class Upstream:
    """What the upstream answers."""

    body: str | None = '{"id":1,"iban":"DE00"}'
    status: str = "200"
    headers: Sequence[Mapping[str, str]] = ({"content-type": "application/json"},)


@dataclass
class Replica:
    """One process; `states` are what it shares with others, if anything."""

    tree: Mapping[str, str]
    states: SealedStates = field(default_factory=some_states)
    knows_people: bool = True
    caller: GatewayCaller = field(default_factory=a_caller)

    def __post_init__(self) -> None:
        known = FakeUsers({"alice": {"groups": ["staff"], "attributes": {"level": 3}}})
        self.point: Point = a_point(
            self.tree,
            tokens={"alice": some_claims(scopes="read", acr="hwk")} if self.knows_people else {},
            users=known if self.knows_people else FakeUsers({}),
        )
        self.records = KeptRecords()
        self.reports = KeptReports()
        decisions = RecordedDecisions(
            recorder=self.records,
            reports=self.reports,
            clock=self.point.clock,
            new_id=CountedIds(),
            concurrency=8,
        )
        changes = StatementChanges()
        point = self.point.point
        self._request = CallExchange(
            PingSidebandRequestLeg(max_depth=64, changes=changes, seal=self.states.seal),
            CallDecider(point.begin, decisions),
        )
        self._response = ResponseLegExchange(
            PingSidebandResponseLeg(max_depth=64, changes=changes),
            CallDecider(point.begin_response, decisions),
            point.looks_at_answer,
            self.states.opened,
        )

    async def asked(self, **members: object) -> Answer:
        """The answer to a request leg of alice's."""
        said = {"url": URL, "headers": [{"authorization": "Bearer alice"}], **members}
        body = json.dumps(a_request_leg(**said)).encode()
        wire = WireRequest("POST", "/sideband/request", [], body)
        answer = await answered(self._request, self.caller, wire)
        found = json.loads(answer.body)
        assert isinstance(found, dict)
        return found

    async def shown(
        self, permitted: Answer, upstream: Upstream | None = None, **members: object
    ) -> Answer:
        """The answer to the response leg that follows; a member given as `...` is left out.

        As Kong's kit: `state` if it was given one, else `request`.
        """
        upstream = upstream or Upstream()
        said: dict[str, object] = {
            "method": permitted["method"],
            "url": permitted["url"],
            "http_version": "1.1",
            "response_code": upstream.status,
            "response_status": "",
            "headers": list(upstream.headers),
            "body": ... if upstream.body is None else upstream.body,
        }
        said |= {"state": permitted["state"]} if "state" in permitted else {"request": permitted}
        said |= members
        body = json.dumps({name: value for name, value in said.items() if value is not ...})
        wire = WireRequest("POST", "/sideband/response", [], body.encode())
        answer = await answered(self._response, self.caller, wire)
        found = json.loads(answer.body)
        assert isinstance(found, dict)
        return found


def is_passed(answer: Answer) -> bool:
    """Whether the upstream's answer reaches the client, changed or not."""
    headers = answer["headers"]
    assert isinstance(headers, list)
    return {"cache-control": "no-store"} not in headers


def reason_of(answer: Answer) -> str:
    """The word for why it does not; `passed` if it does."""
    return "passed" if is_passed(answer) else str(json.loads(str(answer["body"]))["code"])
