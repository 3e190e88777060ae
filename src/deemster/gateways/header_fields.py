"""Header fields that a gateway reports: which names and values a header field can have at all.

RFC 9110 5.1, 5.5 and 7.6.1. What passes here may be echoed into a gateway's answer, where nothing
else would look (facts/security.md 1.7, H7).
"""

from __future__ import annotations

import re

from deemster.errors import MalformedCallError

__all__ = ["COMMON_NAMES", "has_control_characters", "hides_fields", "is_token", "lower_name"]


def lower_name(name: str) -> str:
    """The name in lower case. Raises MalformedCallError where it is none (RFC 9110 5.1: a token).

    ASCII only, hence no letter that becomes another one in lower case: the Kelvin sign is not k.
    """
    if name in COMMON_NAMES:
        return name
    if _TOKEN(name) is None:
        raise MalformedCallError("`headers` has a name that is no header field name")
    return name.lower()


def is_token(text: str) -> bool:
    """RFC 9110 5.6.2, e.g. a method."""
    return _TOKEN(text) is not None


def has_control_characters(text: str) -> bool:
    """Whether it has a control character other than a tab, which no field value may have."""
    if not text.isascii():
        return _CONTROL(text) is not None
    octets = text.encode()  # the same answer in half the time
    return len(octets.translate(None, _CONTROL_OCTETS)) != len(octets)


def hides_fields(connection: str) -> bool:
    """Whether a Connection field asks the next hop to remove header fields.

    RFC 9110 7.6.1: an intermediary removes the fields that Connection names, and a client may
    name any, `Authorization` too: the upstream would then see another call than the one judged.
    """
    if connection in _PLAIN_CONNECTION:
        return False
    return not _PLAIN_CONNECTION.issuperset(
        [option.strip(" \t").lower() for option in connection.split(",")]
    )


_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_CONTROL_OCTETS = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
# RFC 9110 7.6.1 and 7.8, RFC 9113 8.2.2, RFC 7540 3.2.1; an empty list element means nothing.
_PLAIN_CONNECTION = frozenset({"", "close", "keep-alive", "upgrade", "te", "http2-settings"})
_COMMON_NAMES = """
accept accept-charset accept-encoding accept-language authorization cache-control connection
content-encoding content-language content-length content-type cookie date dnt etag expect forwarded
host if-match if-modified-since if-none-match keep-alive location origin pragma priority range
referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site
sec-fetch-user server set-cookie te traceparent tracestate trailer transfer-encoding upgrade
upgrade-insecure-requests user-agent vary via x-forwarded-for x-forwarded-host x-forwarded-port
x-forwarded-proto x-real-ip x-request-id
"""
COMMON_NAMES = frozenset(_COMMON_NAMES.split())
"""Lower-case names that most calls have no other than: what is in here needs no closer look."""
