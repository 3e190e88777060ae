"""Calls to decision endpoints, and what a client in PingOne's shape relies on in the answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from deemster.app.authzen import all_of
from deemster.app.decision_endpoints import asked_of
from deemster.decisions.point import DecisionPoint
from deemster.gateways.deciding import Begun, RecordedDecisions
from deemster.gateways.decision_endpoint import DecisionEndpoints, decision_endpoints_path
from deemster.gateways.decision_parameters import AskedDecision
from deemster.gateways.decision_request import BULK_MEDIA_TYPE, DecisionLimits
from deemster.gateways.recent_decisions import KeptDecisions
from deemster.model.gateway import GatewayCaller

if TYPE_CHECKING:
    from deemster.gateways.exchange import Exchange as Served
    from tests.support.gateway_calls import Desk, Exchange

__all__ = [
    "BULK",
    "a_bulk_request",
    "a_decision_request",
    "a_question",
    "check_decision_rules",
    "decision_path",
    "decision_prefixes",
    "judgements",
]

BULK = (b"content-type", BULK_MEDIA_TYPE.encode())
JUDGEMENTS = {"PERMIT", "DENY", "NOT_APPLICABLE", "INDETERMINATE"}
STATUS_CODES = {"OKAY", "MISSING_ATTRIBUTE", "TYPE_CONVERSION_ERROR", "PROCESSING_ERROR", "TIMEOUT"}


def decision_path(endpoint: str = "shop", below: str = "", *, environment: str = "local") -> str:
    """Where an API service's decision endpoint is."""
    return f"{decision_endpoints_path(environment)}{endpoint}{below}"


def a_decision_request(user: str | None = None, /, **parameters: object) -> dict[str, object]:
    """A request about a call; `request_url` is `request.url`; `...` leaves a parameter out."""
    said: dict[str, object] = {
        "request.method": "GET",
        "request.url": "https://api.example.com/shop/inside",
        "request.headers": {"authorization": "Bearer t"},
        **{name.replace("_", "."): value for name, value in parameters.items()},
    }
    return _request(said, user)


def a_question(user: str | None = "alice", /, **parameters: object) -> dict[str, object]:
    """A request about a pair of resource type and action; names as in `a_decision_request`."""
    said: dict[str, object] = {
        "resource.type": "todo",
        "resource.id": "1",
        "action.name": "can_read",
        **{name.replace("_", "."): value for name, value in parameters.items()},
    }
    return _request(said, user)


def a_bulk_request(
    *requests: Mapping[str, object], user: str | None = None, **parameters: object
) -> dict[str, object]:
    """A bulk request; `parameters` are shared."""
    shared = {name.replace("_", "."): value for name, value in parameters.items()}
    return {**_request(shared, user), "decisionRequests": list(requests)}


def judgements(answer: Exchange) -> list[object]:
    """The decisions in an answer; none in an error."""
    if answer.status != 200:
        return []
    found = answer.json
    responses = found.get("responses", [found])
    assert isinstance(responses, list)
    return [one["decision"] for one in responses]


def check_decision_rules(answer: Exchange) -> list[str]:
    """What in an answer would break a client that takes PingOne's word for the form."""
    found = json.loads(answer.body)
    if answer.status == 200:
        return _of_answer(found)
    broken = []
    if not {"id", "code", "message"} <= set(found) <= {"id", "code", "message", "details"}:
        broken.append(f"an error object has {sorted(found)}")
    if answer.status == 429 and not (answer.header("retry-after") or "").isdigit():
        broken.append("a 429 without a Retry-After in seconds")
    return broken


def _of_answer(found: dict[str, object]) -> list[str]:
    if "responses" not in found:
        return _of_response(found)
    responses, summary = found["responses"], found["summary"]
    assert isinstance(responses, list)
    assert isinstance(summary, dict)
    broken = [rule for one in responses for rule in _of_response(one)]
    if summary["requested"] != len(responses):
        broken.append("not as many responses as requests")
    if summary["successful"] + summary["errors"] != summary["requested"]:
        broken.append("the summary does not add up")
    return broken


def _of_response(found: dict[str, object]) -> list[str]:
    broken = []
    if found["decision"] not in JUDGEMENTS:
        broken.append(f"no decision: {found['decision']}")
    if not isinstance(found["id"], str) or not isinstance(found["correlationId"], str):
        broken.append("no id or no correlationId")
    if not isinstance(found["elapsedMicroseconds"], int):
        broken.append("elapsedMicroseconds is no integer")
    status, statements = found["status"], found["statements"]
    assert isinstance(status, dict)
    assert isinstance(statements, list)
    if status["code"] not in STATUS_CODES:
        broken.append(f"status {status['code']}")
    if (status["code"] == "OKAY") != (found["decision"] != "INDETERMINATE"):
        broken.append("a status that does not go with the decision")
    for one in statements:
        json.loads(one["payload"])
        if set(one) != _STATEMENT:
            broken.append(f"a statement has {sorted(one)}")
    return broken


_STATEMENT = {"id", "name", "code", "payload", "obligatory", "fulfilled", "attributes"}


def decision_prefixes(
    desk: Desk, decisions: RecordedDecisions, new_id: Callable[[], str]
) -> Sequence[tuple[str, Served]]:
    """What a desk serves of decision endpoints: one of each id but `unknown`."""
    prefix = decision_path("")
    point = desk.point

    def begin(asked: AskedDecision, caller: GatewayCaller) -> Begun:
        if isinstance(point, DecisionPoint):
            return asked_of(point)(asked, caller)
        return point.decide(asked.call, caller)

    endpoints = DecisionEndpoints(
        prefix=prefix,
        begin=begin,
        together=all_of,
        decisions=decisions,
        is_served=lambda endpoint: endpoint not in ("", "unknown"),
        limits=DecisionLimits(depth=desk.max_depth, bulk=20),
        kept=KeptDecisions(desk.clock, prefix) if desk.keeps_decisions else None,
        reports=desk.reports,
        clock=desk.clock,
        new_id=new_id,
    )
    return [(prefix, endpoints)]


def _request(parameters: dict[str, object], user: str | None) -> dict[str, object]:
    said = {name: value for name, value in parameters.items() if value is not ...}
    context: dict[str, object] = {} if user is None else {"userContext": {"user": {"id": user}}}
    return {"parameters": said, **context}
