"""Decision endpoints, described."""

from __future__ import annotations

from collections.abc import Sequence

from deemster.gateways.decision_endpoint import PROTOCOL
from deemster.gateways.decision_members import (
    BulkRequest,
    BulkResponse,
    DecisionRequest,
    DecisionResponse,
    ErrorObject,
    RecentDecision,
    RecentDecisions,
)
from deemster.gateways.decision_request import BULK_MEDIA_TYPE, SINGLE_MEDIA_TYPE
from deemster.gateways.openapi.description import (
    Answered,
    Asked,
    OneOf,
    Operation,
    Parameter,
    errors,
)

__all__ = ["describe_decision_endpoints"]


def describe_decision_endpoints(path: str) -> Sequence[Operation]:
    """`path` is what all of them begin with."""
    endpoint = f"{path}{{apiService}}"
    return (
        Operation(
            id="decide",
            method="post",
            path=endpoint,
            summary="One question, or several; only PERMIT permits",
            protocol=PROTOCOL,
            asked=(
                Asked(media_type=SINGLE_MEDIA_TYPE, shape=DecisionRequest),
                Asked(media_type=BULK_MEDIA_TYPE, shape=BulkRequest),
            ),
            parameters=(_API_SERVICE, _REQUEST_ID),
            answers={
                200: Answered(
                    description="The decision, or the decisions in the order of the questions",
                    shape=OneOf((DecisionResponse, BulkResponse)),
                    headers=_OF_A_DECISION,
                ),
                **errors(400, 401, 404, 405, 413, shape=ErrorObject),
                429: Answered(
                    description="Too many decisions are under way",
                    shape=ErrorObject,
                    headers={"Retry-After": "Seconds"},
                ),
            },
        ),
        Operation(
            id="listRecentDecisions",
            method="get",
            path=f"{endpoint}/recentDecisions",
            summary="The last decisions that this gateway was told here, if they are kept",
            protocol=PROTOCOL,
            parameters=(_API_SERVICE, _LIMIT),
            answers={
                200: Answered(description="Newest first", shape=RecentDecisions, media_type=_HAL),
                **errors(400, 401, 404, 405, 413, shape=ErrorObject),
            },
        ),
        Operation(
            id="getRecentDecision",
            method="get",
            path=f"{endpoint}/recentDecisions/{{decision}}",
            summary="One of the last decisions",
            protocol=PROTOCOL,
            parameters=(_API_SERVICE, _DECISION),
            answers={
                200: Answered(description="The decision", shape=RecentDecision, media_type=_HAL),
                **errors(400, 401, 404, 405, 413, shape=ErrorObject),
            },
        ),
    )


_HAL = "application/hal+json"
_OF_A_DECISION = {
    "X-Decision-Id": "The decision's id, where there is one decision",
    "X-Policy-Revision": "The revision of the policies, where there is one decision",
}
_API_SERVICE = Parameter(
    name="apiService",
    place="path",
    description="The API service's id, among the gateway's `apiServices`",
    required=True,
)
_DECISION = Parameter(name="decision", place="path", description="The decision's id", required=True)
_LIMIT = Parameter(
    name="limit",
    place="query",
    description="How many, at most 20",
    schema={"type": "integer", "minimum": 1, "maximum": 9999},
)
_REQUEST_ID = Parameter(
    name="X-Request-ID",
    place="header",
    description="How the caller names its request: the answer's `correlationId`",
)
