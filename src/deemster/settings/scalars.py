"""Texts of the settings file ► values. Each function raises ValueError saying what it expected."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from deemster.settings.model import Bind

__all__ = [
    "parse_bind",
    "parse_boolean",
    "parse_duration",
    "parse_header_name",
    "parse_id",
    "parse_integer",
    "parse_name",
    "parse_size",
    "parse_url",
    "shown_duration",
    "shown_size",
]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"([0-9]{1,7})(ms|s|m|h|d)")
_SIZES = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2}
_SIZE = re.compile(r"([0-9]{1,9})(|B|KiB|MiB)")
_INTEGER = re.compile(r"0|[1-9][0-9]{0,8}")
_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
# RFC 9110 5.1 and 5.6.2: a field name is a token.
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}")


def parse_boolean(text: str) -> bool:
    """`true` or `false`, and none of YAML's other spellings."""
    if text not in {"true", "false"}:
        raise ValueError("expected `true` or `false`")
    return text == "true"


def parse_integer(text: str) -> int:
    """A decimal number without sign."""
    if not _INTEGER.fullmatch(text):
        raise ValueError("expected a whole number")
    return int(text)


def parse_duration(text: str) -> float:
    """Seconds, from `300ms`, `30s`, `5m`, `1h`, `7d`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("expected a duration such as `300ms`, `30s`, `5m`, `1h`")
    return int(match[1]) * _UNITS[match[2]]


def shown_duration(seconds: float) -> str:
    """As one would write it."""
    return f"{round(seconds * 1000)}ms" if seconds % 1 else f"{round(seconds)}s"


def parse_size(text: str) -> int:
    """Bytes, from `512`, `96KiB`, `1MiB`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError("expected a size such as `96KiB`, `1MiB`")
    return int(match[1]) * _SIZES[match[2]]


def shown_size(size: int) -> str:
    """As one would write it."""
    for unit, factor in (("MiB", 1024**2), ("KiB", 1024)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def parse_id(text: str) -> str:
    """An id of ours: lower-case letters, digits, hyphens."""
    if not _ID.fullmatch(text):
        raise ValueError("expected an id of lower-case letters, digits and hyphens")
    return text


def parse_name(text: str) -> str:
    """Text that somebody else chose (a claim, a group, a subject): not empty, printable."""
    if not text or not text.isprintable():
        raise ValueError("expected printable text")
    return text


def parse_header_name(text: str) -> str:
    """The name of a header field, in lower case."""
    if not _HEADER_NAME.fullmatch(text):
        raise ValueError("expected the name of a header field")
    return text.lower()


def parse_bind(text: str) -> Bind:
    """`127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`."""
    host, colon, port = text.rpartition(":")
    if not colon or not _INTEGER.fullmatch(port) or int(port) > 65535:
        raise ValueError("expected ADDRESS:PORT such as `127.0.0.1:8080`")
    if host == "localhost":
        host = "127.0.0.1"
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ipaddress.ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        raise ValueError("expected an IP address or `localhost` before the port") from None
    if bracketed != (address.version == 6):
        raise ValueError("expected an IPv6 address, and no other, in brackets: `[::1]:8080`")
    return Bind(str(address), int(port), address.is_loopback)


def parse_url(text: str) -> str:
    """An absolute http or https URL without user, query and fragment; kept as it is written."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # reading it checks it
    except ValueError:
        raise ValueError("expected an https URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not text.isascii():
        raise ValueError("expected an https URL")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("expected a URL without user, query and fragment")
    return text
