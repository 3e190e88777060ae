"""AuthZEN 1.0, described. Authorization API 1.0 sections 5 to 7, 9 and 10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from deemster.gateways.authzen import PROTOCOL
from deemster.gateways.authzen_members import DenyAnswer, PermitAnswer, RefusedAnswer
from deemster.gateways.authzen_metadata import EVALUATIONS_PATH
from deemster.gateways.openapi.description import (
    Answered,
    ArrayIn,
    Asked,
    OneOf,
    Operation,
    Parameter,
    errors,
)

__all__ = ["describe_authzen", "describe_authzen_metadata"]

Name = Annotated[str, Meta(min_length=1)]


class SubjectMember(msgspec.Struct):
    """Who wants to; `properties.token` is the user's bearer token, if there is one."""

    type: Name
    id: Name
    properties: dict[str, object] | UnsetType = UNSET


class ActionMember(msgspec.Struct):
    """What they want to do."""

    name: Name
    properties: dict[str, object] | UnsetType = UNSET


class ResourceMember(msgspec.Struct):
    """What they want to do it to."""

    type: Name
    id: Name
    properties: dict[str, object] | UnsetType = UNSET


class EvaluationRequest(msgspec.Struct):
    """One question."""

    subject: SubjectMember
    action: ActionMember
    resource: ResourceMember
    context: dict[str, object] | UnsetType = UNSET


class EvaluationItem(msgspec.Struct):
    """One question of several: what it does not say is taken from the body around it."""

    subject: SubjectMember | UnsetType = UNSET
    action: ActionMember | UnsetType = UNSET
    resource: ResourceMember | UnsetType = UNSET
    context: dict[str, object] | UnsetType = UNSET


class OptionsMember(msgspec.Struct):
    """Whether all are asked, or only up to one that ends it."""

    evaluations_semantic: (
        Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"] | UnsetType
    ) = UNSET


class EvaluationsRequest(msgspec.Struct):
    """Several questions, and what they have in common; without any, one question."""

    evaluations: list[EvaluationItem] | UnsetType = UNSET
    subject: SubjectMember | UnsetType = UNSET
    action: ActionMember | UnsetType = UNSET
    resource: ResourceMember | UnsetType = UNSET
    context: dict[str, object] | UnsetType = UNSET
    options: OptionsMember | UnsetType = UNSET


class Configuration(msgspec.Struct):
    """How the service is known."""

    policy_decision_point: str
    access_evaluation_endpoint: str
    access_evaluations_endpoint: str


def describe_authzen(path: str) -> Sequence[Operation]:
    """One of the two APIs, by its path."""
    several = path.endswith(EVALUATIONS_PATH)
    below = path.removesuffix("/access/v1/evaluations" if several else "/access/v1/evaluation")
    one = OneOf((PermitAnswer, DenyAnswer))
    answer = OneOf((ArrayIn("evaluations", OneOf((*one.shapes, RefusedAnswer))), *one.shapes))
    return (
        Operation(
            id=_id("evaluateAll" if several else "evaluate", below),
            method="post",
            path=path,
            summary="Several questions of access" if several else "One question of access",
            protocol=PROTOCOL,
            asked=(
                Asked(
                    media_type="application/json",
                    shape=EvaluationsRequest if several else EvaluationRequest,
                ),
            ),
            parameters=(_REQUEST_ID,),
            answers={
                200: Answered(
                    description="The answers in order; fewer where one ended it"
                    if several
                    else "Only `decision: true` is a permit",
                    shape=answer if several else one,
                    headers=_ECHO if several else {**_ECHO, **_OF_A_DECISION},
                ),
                **errors(400, 401, 405, 413),
                503: Answered(
                    description="Too many decisions are under way; never a permit",
                    shape=_Unavailable,
                    headers={"Retry-After": "Seconds", **_ECHO},
                ),
            },
        ),
    )


def describe_authzen_metadata(path: str) -> Sequence[Operation]:
    """What is told to whoever wants to ask."""
    return (
        Operation(
            id=_id("authzenConfiguration", path.partition("/.well-known/")[2].partition("/")[2]),
            method="get",
            path=path,
            summary="Where questions are answered",
            protocol=None,
            answers={200: Answered(description="The metadata", shape=Configuration)},
        ),
    )


class _Unavailable(msgspec.Struct):
    code: Literal["overloaded"]
    message: str
    id: str


def _id(name: str, below: str) -> str:
    # Served twice where the public base URL has a path; ids must differ (OpenAPI 4.8.10).
    return f"{name}BelowPublicBase" if below else name


_ECHO: Mapping[str, str] = {"X-Request-ID": "As it was sent, if it was"}
_OF_A_DECISION = {
    "X-Decision-Id": "The decision's id",
    "X-Policy-Revision": "The revision of the policies",
}
_REQUEST_ID = Parameter(
    name="X-Request-ID", place="header", description="How the caller names its request"
)
