"""Bytes of a decision request, single or bulk ► what is asked, one entry for each decision.

facts/ping.md 4.2 and 4.3. A bulk request is known by its media type alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from deemster.errors import MalformedCallError, MalformedMemberError
from deemster.gateways.adapter import WireRequest
from deemster.gateways.decision_members import (
    BulkRequest,
    DecisionRequest,
    SharedRequest,
    UserContextMember,
)
from deemster.gateways.decision_parameters import AskedDecision, read_parameters, shown_name
from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = ["BULK_MEDIA_TYPE", "SINGLE_MEDIA_TYPE", "AskedDecisions", "DecisionLimits", "read_asked"]

SINGLE_MEDIA_TYPE = "application/json"
BULK_MEDIA_TYPE = "application/vnd.pingidentity.decisionengine.authorize.bulk+json"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DecisionLimits:
    """`depth` of JSON, and how many questions a `bulk` request may hold."""

    depth: int
    bulk: int


@dataclass(frozen=True, slots=True)
class AskedDecisions:
    """What is asked, in order; of a bulk request a question that is none is its error instead.

    `call_id` is how the caller names its request (`X-Request-ID`); where it does not, None, or of
    a bulk request the name that was made for it.
    """

    asked: Sequence[AskedDecision | MalformedMemberError]
    bulk: bool
    call_id: str | None


def read_asked(
    wire: WireRequest, limits: DecisionLimits, new_id: Callable[[], str]
) -> AskedDecisions:
    """Raises MalformedMemberError naming the member, or MalformedCallError."""
    media_type = _media_type(wire.headers)
    call_id = _call_id(wire.headers)
    try:
        value = read_strict_json(wire.body, max_depth=limits.depth)
    except StrictJsonError as error:
        raise MalformedCallError(f"the body is not JSON as accepted here: {error}") from None
    if media_type == BULK_MEDIA_TYPE:
        call_id = call_id or new_id()
        return AskedDecisions(_read_bulk(value, limits, call_id), bulk=True, call_id=call_id)
    single = _converted(value, DecisionRequest)
    asked = read_parameters(
        single.parameters,
        _user_of(single.user_context),
        place="parameters",
        max_depth=limits.depth,
        call_id=call_id,
    )
    return AskedDecisions([asked], bulk=False, call_id=call_id)


def _read_bulk(
    value: object, limits: DecisionLimits, call_id: str | None
) -> list[AskedDecision | MalformedMemberError]:
    _check_count(value, limits.bulk)  # before anything is made of each
    bulk = _converted(value, BulkRequest)
    return [
        _read_one(bulk, one, f"decisionRequests[{index}].parameters", limits, call_id)
        for index, one in enumerate(bulk.decision_requests)
    ]


def _check_count(value: object, most: int) -> None:
    members = value if isinstance(value, dict) else {}
    requests = members.get("decisionRequests")
    if not isinstance(requests, list):
        return  # the conversion says so
    if not requests:
        raise MalformedMemberError("decisionRequests", "must not be empty")
    if len(requests) > most:
        message = f"holds {len(requests)} decision requests, at most {most} are accepted"
        raise MalformedMemberError("decisionRequests", message, limit=most)


def _read_one(
    bulk: BulkRequest,
    one: SharedRequest,
    place: str,
    limits: DecisionLimits,
    call_id: str | None,
) -> AskedDecision | MalformedMemberError:
    shared = {} if isinstance(bulk.parameters, msgspec.UnsetType) else bulk.parameters
    own = {} if isinstance(one.parameters, msgspec.UnsetType) else one.parameters
    user = one.user_context if one.user_context is not msgspec.UNSET else bulk.user_context
    try:
        return read_parameters(
            shared | own, _user_of(user), place=place, max_depth=limits.depth, call_id=call_id
        )
    except MalformedMemberError as error:
        return error


def _user_of(member: UserContextMember | msgspec.UnsetType) -> str | None:
    return None if isinstance(member, msgspec.UnsetType) else member.user.id


def _converted(value: object, kind: type[T]) -> T:
    """Raises MalformedMemberError: the library's own words, and its place without the `$`."""
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        target = place.removesuffix("`").removeprefix(".")
        raise MalformedMemberError(
            shown_name(target), f"is not as it must be: {shown_name(message)}"
        ) from None


def _media_type(headers: Sequence[tuple[bytes, bytes]]) -> str:
    found = [value for name, value in headers if name == b"content-type"]
    parts = _CONTENT_TYPE(found[0].decode("latin-1").lower()) if len(found) == 1 else None
    if parts is None or parts[1] not in (SINGLE_MEDIA_TYPE, BULK_MEDIA_TYPE):
        raise MalformedCallError(
            f"Content-Type must be {SINGLE_MEDIA_TYPE}, or {BULK_MEDIA_TYPE} for several questions"
        )
    return parts[1]


# RFC 9110 8.3.1. JSON is UTF-8 here, whatever else a charset says (RFC 8259 8.1 and 11).
_CONTENT_TYPE = re.compile(r'([a-z0-9.+/-]+)[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?').fullmatch
_MOST_ID = 256


def _call_id(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    """RFC 9110 5.5: what could not stand in a header field names nothing."""
    found = [value for name, value in headers if name == b"x-request-id"]
    if len(found) != 1 or not 0 < len(found[0]) <= _MOST_ID:
        return None
    text = found[0].decode("latin-1")
    return text if text.isascii() and text.isprintable() else None
