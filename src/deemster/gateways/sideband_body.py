"""Bytes of a sideband body ► its members, checked: a fast way, and a strict way that has the word.

Whatever the fast way dislikes is read again strictly, so there is one place that refuses.
"""

from __future__ import annotations

from itertools import chain

import msgspec

from deemster.errors import MalformedCallError
from deemster.gateways.header_fields import (
    COMMON_NAMES,
    has_control_characters,
    is_token,
    lower_name,
)
from deemster.gateways.sideband_members import (
    UNSET,
    RequestLeg,
    ResponseLeg,
    request_leg_of,
    response_leg_of,
)
from deemster.gateways.strict_body import Census, count_untyped, hides_nothing
from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = [
    "LEAST_DEPTH",
    "Fields",
    "read_request_leg",
    "read_request_leg_strictly",
    "read_response_leg",
    "read_response_leg_strictly",
]

LEAST_DEPTH = 4
"""How deep the bodies nest that the protocol itself describes: a lower limit refuses them all."""

Fields = tuple[tuple[str, str], ...]
"""Header fields in order: (lower-case name, value)."""


def read_request_leg(body: bytes, *, max_depth: int) -> tuple[RequestLeg, Fields, bytes]:
    """The members, the header fields, and the text of a JSON object that echoes the request.

    The echo has every member of facts/ping.md 1.3 that was received and no other: no claims, no
    certificate. It ends in a brace. Raises MalformedCallError.
    """
    try:
        leg = _REQUEST.decode(body)
        fields, values = _fields_of(leg.headers)
        census = _census(leg, values, max_depth - 1)
        if census is not None and hides_nothing(body, census):
            _check_request(leg)
            plain = leg.access_token is UNSET and leg.client_certificate is UNSET
            # Then every member of the body is one that is echoed, and none is hidden: the text
            # received is the echo, to the letter.
            return leg, fields, body.rstrip() if plain else _echo_of(leg)
    except (*_UNREADABLE, MalformedCallError):
        pass
    return read_request_leg_strictly(body, max_depth=max_depth)


def read_request_leg_strictly(body: bytes, *, max_depth: int) -> tuple[RequestLeg, Fields, bytes]:
    """What `read_request_leg` says, and why, the slow way."""
    leg = request_leg_of(_read_strictly(body, max_depth))
    fields, _ = _fields_of(leg.headers)
    _check_request(leg)
    return leg, fields, _echo_of(leg)


def read_response_leg(body: bytes, *, max_depth: int) -> ResponseLeg:
    """The members. Raises MalformedCallError."""
    try:
        leg = _RESPONSE.decode(body)
        _, values = _fields_of(leg.headers)
        census = _response_census(leg, values, max_depth - 2)
        if census is not None and hides_nothing(body, census):
            _check_response(leg)
            return leg
    except (*_UNREADABLE, MalformedCallError):
        pass
    return read_response_leg_strictly(body, max_depth=max_depth)


def read_response_leg_strictly(body: bytes, *, max_depth: int) -> ResponseLeg:
    """What `read_response_leg` says, and why, the slow way; without `request`."""
    leg = response_leg_of(_read_strictly(body, max_depth))
    _fields_of(leg.headers)
    _check_response(leg)
    return leg


_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_REQUEST = msgspec.json.Decoder(RequestLeg)
_RESPONSE = msgspec.json.Decoder(ResponseLeg)
_ENCODER = msgspec.json.Encoder()
_REQUIRED_MEMBERS = 6  # of either leg
_PORT_DIGITS = 5
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _read_strictly(body: bytes, max_depth: int) -> object:
    try:
        return read_strict_json(body, max_depth=max_depth)
    except StrictJsonError as error:
        raise MalformedCallError(f"the body is not JSON as accepted here: {error}") from None


def _fields_of(headers: list[dict[str, str]]) -> tuple[Fields, str]:
    """The fields, and their values in one text.

    INVARIANT: a name that passes has no colon, so counting those of the values is enough.
    """
    names = [*chain.from_iterable(headers)]
    values = [*chain.from_iterable(map(dict.values, headers))]
    text = " ".join(values)
    if len(names) != len(headers) or not all(headers) or has_control_characters(text):
        raise _wrong_header(headers)
    if not COMMON_NAMES.issuperset(names):
        names = [lower_name(name) for name in names]
    return tuple(zip(names, values, strict=True)), text


def _wrong_header(headers: list[dict[str, str]]) -> MalformedCallError:
    for index, entry in enumerate(headers):
        if len(entry) != 1:
            found = f"found {len(entry)}"
            return MalformedCallError(
                f"`headers[{index}]` must be an object with exactly one member, {found}"
            )
        if any(map(has_control_characters, entry.values())):
            return MalformedCallError(f"the value in `headers[{index}]` has a control character")
    raise AssertionError("every header is as it must be")


def _check_request(leg: RequestLeg) -> None:
    _check_exchange(leg)
    port = leg.source_port
    # 0 and the empty string are how a gateway says that it does not know.
    if isinstance(port, int):
        possible = 0 <= port <= 65535
    else:
        possible = not port or (port.isascii() and port.isdigit() and len(port) <= _PORT_DIGITS)
    if not possible:
        raise MalformedCallError("`source_port` must be a port number, from 0 to 65535")


def _check_response(leg: ResponseLeg) -> None:
    _check_exchange(leg)
    code = leg.response_code
    if isinstance(code, str):
        possible = len(code) == 3 and code.isascii() and code.isdigit() and "100" <= code < "600"
    else:
        possible = 100 <= code < 600
    if not possible:
        raise MalformedCallError("`response_code` must be an HTTP status, from 100 to 599")


def _check_exchange(leg: RequestLeg | ResponseLeg) -> None:
    if leg.method not in _METHODS and not is_token(leg.method):
        raise MalformedCallError("`method` must be an HTTP method")
    if not leg.url:
        raise MalformedCallError("`url` must not be empty")


def _census(leg: RequestLeg, values: str, deepest: int) -> Census | None:
    members = _REQUIRED_MEMBERS + len(leg.headers)
    body = ""
    if leg.body is not UNSET:
        members += 1
        body = leg.body
    # One text, because counting in it costs less than counting in each.
    text = f"{values}{leg.url}{leg.source_ip}{leg.source_port}{leg.method}{leg.http_version}{body}"
    colons = text.count(":")
    for nested in (leg.access_token, leg.client_certificate):
        if nested is UNSET:
            continue
        counted = count_untyped(nested, max_depth=deepest)
        if counted is None:
            return None
        members += 1 + counted.members
        colons += counted.colons
    return Census(members, colons)


def _response_census(leg: ResponseLeg, values: str, deepest: int) -> Census | None:
    members = _REQUIRED_MEMBERS + len(leg.headers)
    text = f"{values}{leg.url}{leg.response_code}{leg.response_status}{leg.method}"
    colons = text.count(":") + leg.http_version.count(":")
    if leg.body is not UNSET:
        members += 1
        colons += leg.body.count(":")
    if leg.request is not UNSET:
        _, request_values = _fields_of(leg.request.headers)
        request = _census(leg.request, request_values, deepest)
        if request is None:
            return None
        members += 1 + request.members
        colons += request.colons
    if leg.state is not UNSET:
        state = count_untyped(leg.state, max_depth=deepest)
        if state is None:
            return None
        members += 1 + state.members
        colons += state.colons
    return Census(members, colons)


def _echo_of(leg: RequestLeg) -> bytes:
    echo = RequestLeg(
        source_ip=leg.source_ip,
        source_port=leg.source_port,
        method=leg.method,
        url=leg.url,
        http_version=leg.http_version,
        headers=leg.headers,
        body=leg.body,
    )
    return _ENCODER.encode(echo)
