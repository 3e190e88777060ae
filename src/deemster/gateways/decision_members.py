"""The members of a decision endpoint's bodies: what is sent, and what is answered.

facts/ping.md 4.2 to 4.4 and 2.8. These Structs are what is read and written, and what the OpenAPI
document is made of.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from deemster.gateways.decision_names import CALL_SCHEMA, QUESTION_SCHEMA, SHARED_SCHEMA

__all__ = [
    "BulkRequest",
    "BulkResponse",
    "BulkSummary",
    "DecisionRequest",
    "DecisionResponse",
    "ErrorDetail",
    "ErrorObject",
    "Judgement",
    "Link",
    "NamedResource",
    "NamedUser",
    "RecentDecision",
    "RecentDecisions",
    "SharedRequest",
    "StatusMember",
    "ToldStatement",
    "UserContextMember",
    "Version",
]

Judgement = Literal["PERMIT", "DENY", "NOT_APPLICABLE", "INDETERMINATE"]
Parameters = Annotated[
    dict[str, object], Meta(extra_json_schema={"oneOf": [CALL_SCHEMA, QUESTION_SCHEMA]})
]
SharedParameters = Annotated[dict[str, object], Meta(extra_json_schema={"allOf": [SHARED_SCHEMA]})]


class _Sent(msgspec.Struct, gc=False, rename="camel", forbid_unknown_fields=True):
    """What nobody reads is refused: in a bulk body a misspelt override would leave what is shared
    in force."""


class NamedUser(_Sent):
    """The user, as the directory of the API service's token provider knows them."""

    id: Annotated[str, Meta(min_length=1)]


class UserContextMember(_Sent):
    """Whom the gateway names, if it has the right to."""

    user: NamedUser


class DecisionRequest(_Sent):
    """One question: facts by the names under which policies read them."""

    parameters: Parameters
    user_context: UserContextMember | UnsetType = UNSET


class SharedRequest(_Sent):
    """One question of a bulk request; what it says goes before what is shared."""

    parameters: SharedParameters | UnsetType = UNSET
    user_context: UserContextMember | UnsetType = UNSET


class BulkRequest(_Sent):
    """Several questions; `parameters` and `userContext` are shared by all of them."""

    decision_requests: list[SharedRequest]
    parameters: SharedParameters | UnsetType = UNSET
    user_context: UserContextMember | UnsetType = UNSET


class _Told(msgspec.Struct, gc=False, rename="camel"):
    pass


class Version(_Told):
    """The revision of the policy tree that decided."""

    id: str


class StatusMember(_Told):
    """How judging went: `messages` are reasons, `errors` those of a judgement that failed."""

    code: Literal["OKAY", "MISSING_ATTRIBUTE", "PROCESSING_ERROR", "TIMEOUT"]
    messages: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class ToldStatement(_Told):
    """A statement that the caller must (`obligatory`) or may carry out.

    `payload` is the JSON text of the statement's payload. `fulfilled` is false: nothing was
    carried out here.
    """

    id: str
    name: str
    code: str
    payload: str
    obligatory: bool
    fulfilled: bool
    attributes: dict[str, str]


class DecisionResponse(_Told):
    """One decision. Only PERMIT permits."""

    id: str
    decision: Judgement
    correlation_id: str
    elapsed_microseconds: int
    statements: tuple[ToldStatement, ...]
    status: StatusMember
    authorization_version: Version | UnsetType = UNSET


class BulkSummary(_Told):
    """How many were asked for, and how many of them could be judged."""

    requested: int
    successful: int
    errors: int


class BulkResponse(_Told):
    """The decisions, in the order of the questions."""

    summary: BulkSummary
    correlation_id: str
    responses: tuple[DecisionResponse, ...]


class InnerError(_Told, omit_defaults=True):
    """The bound that was exceeded."""

    maximum_value: int


class ErrorDetail(_Told):
    """What is wrong, and where in the body: `target` is a path such as `parameters.request.url`."""

    code: str
    message: str
    target: str | UnsetType = UNSET
    inner_error: InnerError | UnsetType = UNSET


class ErrorObject(_Told):
    """PingOne's form of an error to whoever asked."""

    id: str
    code: str
    message: str
    details: tuple[ErrorDetail, ...] = ()


class Link(_Told):
    """HAL 5: where to find it, relative to the document."""

    href: str


class NamedResource(_Told):
    """What a question was about."""

    type: str
    id: str


class RecentDecision(_Told):
    """One decision as it is kept: of the question, what the decision log has of it too.

    `method` is the action's name where no call was asked about, `resource` is there only then.
    `url` is without query values, statements are without payloads.
    """

    id: str
    created_at: str
    method: str
    url: str
    resource: NamedResource | None
    operation: str | None
    user: str | None
    decision_response: DecisionResponse
    links: dict[str, Link] = msgspec.field(name="_links")


class EmbeddedDecisions(_Told):
    """The last decisions, newest first."""

    recent_decisions: tuple[RecentDecision, ...]


class RecentDecisions(_Told):
    """HAL 4.1: the last decisions of one endpoint."""

    embedded: EmbeddedDecisions = msgspec.field(name="_embedded")
    links: dict[str, Link] = msgspec.field(name="_links")
    size: int
