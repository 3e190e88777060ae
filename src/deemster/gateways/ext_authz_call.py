"""What Envoy tells of a client's call, in either mode of ext_authz: URL, header fields, body.

facts/gateways.md 4 and 5. Octets of header values are read as Latin-1, one character each, in
both modes: nothing is lost, and a value has one text whichever way Envoy was told to send it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from deemster.errors import CannotCarryOutError, MalformedCallError
from deemster.gateways.header_fields import (
    COMMON_NAMES,
    has_control_characters,
    is_token,
    lower_name,
)

__all__ = [
    "PARTIAL_BODY",
    "absolute_url",
    "body_text",
    "check_settings",
    "client_fields",
    "field",
    "in_one_field",
    "method_of",
    "request_id",
    "separate_fields",
    "target_of",
]

PARTIAL_BODY = "x-envoy-auth-partial-body"
"""Envoy's word on the body that it sends along: `false` where it is whole."""


def method_of(method: str) -> str:
    """The method. Raises MalformedCallError where it is none (RFC 9110 9.1: a token)."""
    if not is_token(method):
        raise MalformedCallError("the method must be an HTTP method")
    return method


def absolute_url(scheme: str, authority: str, target: str) -> str:
    """The URL of a call, never mended. Raises MalformedCallError naming what cannot be one.

    The authority comes from the client: one with a slash in it would become part of the path.
    """
    if scheme not in _SCHEMES:
        raise MalformedCallError("the scheme must be `http` or `https`")
    if _AUTHORITY(authority) is None:
        raise MalformedCallError("the host is none")
    if not target.startswith("/"):
        raise MalformedCallError("the path must begin with `/`")
    return f"{scheme}://{authority}{target}"


def target_of(url: str) -> str:
    """Path and query as they were put into `absolute_url`."""
    return "/" + url.split("/", 3)[3]


def client_fields(told: Sequence[tuple[str, bytes]]) -> tuple[tuple[str, str], ...]:
    """The client's header fields among those of a call, in order, as `field` has them.

    All are looked at together: one look at much costs less than many at little.
    """
    told = [pair for pair in told if pair[0][:1] != ":"]
    everything = b"".join([octets for _, octets in told])
    if has_control_characters(everything.decode("latin-1")):
        raise MalformedCallError("a header value has a control character")
    if not _USUAL_NAMES.issuperset([name for name, _ in told]):
        told = [(lower_name(name), octets) for name, octets in told]
    fields = [(name, octets.decode("latin-1")) for name, octets in told]
    if b"," in everything:
        fields = [(name, one) for name, value in fields for one in separate_fields(name, value)]
    return tuple(fields)


def field(name: str, value: str) -> tuple[str, str]:
    """A header field. Raises MalformedCallError where it cannot be one (RFC 9110 5.1, 5.5)."""
    if has_control_characters(value):
        raise MalformedCallError("a header value has a control character")
    return lower_name(name), value


def separate_fields(name: str, value: str) -> list[str]:
    """The fields that Envoy joined to one, where it matters how many there were.

    It joins more than one Authorization, raw header fields or not. No credential that we take has
    a comma.
    """
    return value.split(",") if name.lower() == "authorization" else [value]


def in_one_field(name: str, values: Sequence[str]) -> str:
    """Several values of a name (RFC 9110 5.3, RFC 6265 5.4): Envoy sets one field of each name."""
    return ("; " if name == "cookie" else ", ").join(values)


def request_id(fields: Iterable[tuple[str, str]]) -> str | None:
    """By which the gateway's own log names the call."""
    for name, value in fields:
        if name == "x-request-id":
            return value
    return None


def check_settings(settings: Mapping[str, Sequence[str]]) -> None:
    """Raises CannotCarryOutError where a field to set is none.

    Policies are checked when they are loaded. But Envoy drops an answer that it does not like,
    which is a permit where it is told to fail open.
    """
    for name, values in settings.items():
        if not is_token(name) or not all(map(_can_be_set, values)):
            raise CannotCarryOutError("a header field cannot be set")


def body_text(fields: Iterable[tuple[str, str]], body: bytes) -> str | None:
    """The client's body, None where it is not known whole and to the letter.

    An empty one is not told from one that was not sent along. Every copy of Envoy's word must say
    that nothing is missing: a client may have sent one of them.
    """
    if not body:
        return None
    said = [value for name, value in fields if name == PARTIAL_BODY]
    if not said or any(value != "false" for value in said):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _can_be_set(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and not has_control_characters(value)


_USUAL_NAMES = COMMON_NAMES | {PARTIAL_BODY, "x-envoy-external-address", "x-envoy-internal"}
_SCHEMES = frozenset({"http", "https"})
# RFC 3986 3.2: host and port, without user information and percent-encoding.
_AUTHORITY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:\[\]-]{1,512}").fullmatch
