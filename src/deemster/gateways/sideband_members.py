"""The members of Ping's sideband bodies: which there are, and of which JSON type each must be.

facts/ping.md 1.2 and 1.4. The Structs state the types to msgspec; the functions state them again
over a value from the strict reader, with words for the gateway's operator. A property test holds
the two together.
"""

from __future__ import annotations

from typing import TypeGuard

import msgspec

from deemster.gateways.json_members import ABSENT, wrong_member

__all__ = ["UNSET", "RequestLeg", "ResponseLeg", "request_leg_of", "response_leg_of"]

UNSET = msgspec.UNSET
"""What a member that was not received has; never written."""


class RequestLeg(msgspec.Struct, gc=False):
    """Members of the request leg that mean something to us; all others are ignored.

    `source_port` is a number, or a string (Kong). `access_token` holds claims that the gateway
    says it verified; `client_certificate` is a JWK with `x5c`.
    """

    source_ip: str
    source_port: int | str
    method: str
    url: str
    http_version: str
    headers: list[dict[str, str]]
    body: str | msgspec.UnsetType = UNSET
    access_token: dict[str, object] | msgspec.UnsetType = UNSET
    client_certificate: dict[str, object] | msgspec.UnsetType = UNSET


class ResponseLeg(msgspec.Struct, gc=False):
    """Members of the response leg. `request` is the request leg's body, sent where no state is.

    `state` is what the gateway was given, or anything else that it holds for it.
    """

    method: str
    url: str
    http_version: str
    response_code: int | str
    response_status: str
    headers: list[dict[str, str]]
    body: str | msgspec.UnsetType = UNSET
    request: RequestLeg | msgspec.UnsetType = UNSET
    state: object = UNSET


def request_leg_of(value: object) -> RequestLeg:
    """Raises MalformedCallError naming the member.

    An optional member is there with its type or not there: null is neither (facts/ping.md 1.6).
    """
    members = _object(value, "the body")
    return RequestLeg(
        source_ip=_text(members, "source_ip"),
        source_port=_number_or_text(members, "source_port"),
        method=_text(members, "method"),
        url=_text(members, "url"),
        http_version=_text(members, "http_version"),
        headers=_headers(members),
        body=_text(members, "body") if "body" in members else UNSET,
        access_token=_optional_object(members, "access_token"),
        client_certificate=_optional_object(members, "client_certificate"),
    )


def response_leg_of(value: object) -> ResponseLeg:
    """Raises MalformedCallError naming the member.

    `request` is not read: the request was judged, and what a gateway says of it later is no proof.
    """
    members = _object(value, "the body")
    _optional_object(members, "request")
    return ResponseLeg(
        method=_text(members, "method"),
        url=_text(members, "url"),
        http_version=_text(members, "http_version"),
        response_code=_number_or_text(members, "response_code"),
        response_status=_text(members, "response_status"),
        headers=_headers(members),
        body=_text(members, "body") if "body" in members else UNSET,
        state=members.get("state", UNSET),
    )


def _object(value: object, place: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise wrong_member(place, "an object", value)
    return value


def _text(members: dict[str, object], name: str) -> str:
    value = members.get(name, ABSENT)
    if not isinstance(value, str):
        raise wrong_member(f"`{name}`", "a string", value)
    return value


def _number_or_text(members: dict[str, object], name: str) -> int | str:
    value = members.get(name, ABSENT)
    if not isinstance(value, str) and not _is_integer(value):
        raise wrong_member(f"`{name}`", "a whole number or a string", value)
    return value


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _optional_object(
    members: dict[str, object], name: str
) -> dict[str, object] | msgspec.UnsetType:
    return _object(members[name], f"`{name}`") if name in members else UNSET


def _headers(members: dict[str, object]) -> list[dict[str, str]]:
    value = members.get("headers", ABSENT)
    if value == {}:
        # Lua has one type for both: lua-cjson writes a call without header fields as {}.
        return []
    if not isinstance(value, list):
        raise wrong_member("`headers`", "an array", value)
    return [_header(entry, f"`headers[{index}]`") for index, entry in enumerate(value)]


def _header(entry: object, place: str) -> dict[str, str]:
    field = _object(entry, place)
    for value in field.values():
        if not isinstance(value, str):
            raise wrong_member(f"the value in {place}", "a string", value)
    return {name: value for name, value in field.items() if isinstance(value, str)}
