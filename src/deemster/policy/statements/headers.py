"""Names and values of header fields that a statement may set.

Source: RFC 9110 5.1 and 5.5; what is left out belongs to the connection or the message's framing
(RFC 9110 7.6.1, RFC 9112 6), where a policy could make two parties read two messages.
"""

from __future__ import annotations

import re

__all__ = ["LONGEST_VALUE", "OF_THE_CONNECTION", "is_header_name", "is_header_value"]

LONGEST_VALUE = 8192
"""Octets of one value: what servers take for a whole field by default."""

OF_THE_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")


def is_header_name(name: str) -> bool:
    """A token (RFC 9110 5.6.2) that no connection or framing depends on."""
    return _TOKEN.fullmatch(name) is not None and name.lower() not in OF_THE_CONNECTION


def is_header_value(value: str) -> bool:
    """Visible ASCII and blanks, none at the ends, and not beyond all measure.

    RFC 9110 5.5 lets other octets pass, and servers differ in what they make of them.
    """
    return (
        value.isascii()
        and (value == "" or value.isprintable())
        and value == value.strip(" ")
        and len(value) <= LONGEST_VALUE
    )
