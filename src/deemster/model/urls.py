"""The one canonical form of a URL, for adapters, router, expressions, tests and log.

No URL library has a say here: each repairs, decodes or forgives something that an upstream may
read otherwise. What two parties could read differently is named, never mended
(`policy-language.md` 11; `facts/security.md` 1.6; `facts/gateways.md` 3).
"""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import AddressValueError, IPv6Address

import msgspec

__all__ = [
    "CanonicalUrl",
    "MalformedUrlError",
    "PathFeature",
    "canonical_url",
    "decode_segment",
    "encode_segment",
    "parse_base_url",
]

URL_LIMIT = 65_536
"""Characters of a URL: several times what gateways let through, and no more work than that."""

BASE_URL_LIMIT = 2048
"""Characters of a base URL."""


class MalformedUrlError(ValueError):
    """The text is no absolute http or https URL; the message is one lower-case sentence."""


class PathFeature(StrEnum):
    """What a service or an operation may open by name where its upstream is known to agree."""

    ENCODED_SLASH = "encoded-slash"
    DOUBLE_ENCODING = "double-encoding"
    EMPTY_SEGMENTS = "empty-segments"
    SEMICOLON = "semicolon"


class CanonicalUrl(msgspec.Struct, frozen=True, gc=False):
    """A URL in its one spelling.

    `port` is None for the scheme's default. `origin` is `https://api.example.com` or with
    `:8443`. `path` is the whole path, percent-encoded, and starts with `/`. `query` is the raw
    text after `?`, "" if there is none. `openable` names what occurs in the path and needs an
    opening. `refused` names what occurs and is never opened: `fragment`, `invalid-escape`,
    `nul`, `control-character`, `invalid-utf-8`, `backslash` or `dot-segment`; such a path may be
    used to find the API service that refuses it, and for nothing else.
    """

    scheme: str
    host: str
    port: int | None
    origin: str
    path: str
    query: str
    openable: frozenset[PathFeature]
    refused: str | None


def canonical_url(raw: str) -> CanonicalUrl:
    """The canonical form of an absolute URL as a gateway saw it (text that came from JSON).

    Raises MalformedUrlError for anything that is not an absolute http or https URL with a plain
    host: other schemes, user information, spaces, a bad port, a host outside ASCII, over URL_LIMIT.
    """
    if len(raw) > URL_LIMIT:
        message = f"a URL has at most {URL_LIMIT} characters"
        raise MalformedUrlError(message)
    plain = _PLAIN_URL.fullmatch(raw)
    if plain is None:
        return _canonical_in_full(raw)
    origin, scheme, host, port_text, path, query = plain.groups("")
    if not port_text:
        return CanonicalUrl(scheme, host, None, origin, path or "/", query, _NOTHING, None)
    port = _port(scheme, port_text)
    if port is None:
        origin = f"{scheme}://{host}"
    return CanonicalUrl(scheme, host, port, origin, path or "/", query, _NOTHING, None)


def parse_base_url(text: str) -> CanonicalUrl:
    """A base URL of an API service as written in a policy file.

    No query, fragment or user information; the path stands on whole, unambiguous segments and has
    no slash at its end (`https://api.example.com/` counts as the bare base URL). Raises
    MalformedUrlError.
    """
    if len(text) > BASE_URL_LIMIT:
        message = f"a base URL has at most {BASE_URL_LIMIT} characters"
        raise MalformedUrlError(message)
    if "?" in text:
        raise MalformedUrlError("a base URL has no query")
    if "#" in text:
        raise MalformedUrlError("a base URL has no fragment")
    url = canonical_url(text)
    findings = [url.refused] if url.refused else sorted(url.openable)
    if findings:
        message = f"a base URL has an unambiguous path, this one has: {', '.join(findings)}"
        raise MalformedUrlError(message)
    if url.path != "/" and url.path.endswith("/"):
        raise MalformedUrlError("a base URL does not end in `/`")
    return url


def decode_segment(segment: str) -> str:
    """One segment of a canonical path, percent-decoded once.

    Raises MalformedUrlError where the octets are not UTF-8 (a path with `refused` set).
    """
    if "%" not in segment:
        return segment
    try:
        octets = segment.encode()
        return _ESCAPE_OCTETS.sub(lambda found: _OCTET[found[0].upper()], octets).decode()
    except UnicodeError as error:
        raise MalformedUrlError("a path segment is not UTF-8") from error


def encode_segment(text: str) -> str:
    """One segment in canonical spelling, from its decoded text; the inverse of `decode_segment`.

    Raises MalformedUrlError for text that UTF-8 cannot carry (a lone surrogate).
    """
    try:
        return _NOT_IN_SEGMENT.sub(lambda found: _escaped(found[0], "strict"), text)
    except UnicodeError as error:
        raise MalformedUrlError("a path segment is not UTF-8") from error


# --- the plain case -----------------------------------------------------------------------------

_LABELS = r"[a-z0-9_-]++(?:\.[a-z0-9_-]++)*+"
# What the plain case accepts needs no further look: no escapes, no `;`, no empty segment, and no
# segment that begins with a dot (`.well-known` takes the long way, which knows dot segments).
_PLAIN_SEGMENT = r"/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,=:@-]*+"
_PLAIN_URL = re.compile(
    rf"((https?)://({_LABELS})(?::([1-9][0-9]{{0,4}}+))?)"
    rf"((?:{_PLAIN_SEGMENT})*+/?)"
    r"(?:\?([!\"$-~]*+))?"
)
_NOTHING: frozenset[PathFeature] = frozenset()
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65535


def _port(scheme: str, text: str) -> int | None:
    port = int(text)
    if port > _HIGHEST_PORT:
        message = f"`{text}` is not a port"
        raise MalformedUrlError(message)
    return None if port == _DEFAULT_PORTS[scheme] else port


# --- every other case ---------------------------------------------------------------------------

# RFC 3986 appendix B, with the authority required.
_URL_PARTS = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*+)://([^/?#]*+)([^?#]*+)(?:\?([^#]*+))?(#.*+)?", re.DOTALL
)
_HOST = re.compile(r"[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*+\.?")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]*+\]|[^\[\]:]*+)(?::(.*+))?", re.DOTALL)
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_RAW_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def _canonical_in_full(raw: str) -> CanonicalUrl:
    parts = _URL_PARTS.fullmatch(raw)
    if parts is None:
        raise MalformedUrlError("this is not an absolute URL")
    scheme = parts[1].lower()
    if scheme not in _DEFAULT_PORTS:
        message = f"the scheme is `http` or `https`, not `{scheme}`"
        raise MalformedUrlError(message)
    if " " in raw:
        raise MalformedUrlError("a URL has no spaces")
    host, port = _host_and_port(scheme, parts[2])
    path, refused = _canonical_path(parts[3])
    query = parts[4] or ""
    refused = ("fragment" if parts[5] else None) or refused or _refused_in_query(query)
    origin = f"{scheme}://{host}" if port is None else f"{scheme}://{host}:{port}"
    return CanonicalUrl(scheme, host, port, origin, path, query, _openable(path), refused)


def _host_and_port(scheme: str, authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise MalformedUrlError("a URL has no user information here")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise MalformedUrlError("this is not a host")
    host = _ipv6(parts[1]) if parts[1].startswith("[") else _name(parts[1])
    if parts[2] is None:
        return host, None
    if not _PORT.fullmatch(parts[2]):
        # RFC 3986 lets a port be empty or have leading zeros; no gateway writes one so.
        raise MalformedUrlError("the port is a number from 1 to 65535 without leading zeros")
    return host, _port(scheme, parts[2])


def _name(text: str) -> str:
    if not text:
        raise MalformedUrlError("the host is missing")
    if not _HOST.fullmatch(text):
        raise MalformedUrlError("the host has characters that a host name cannot have")
    return text.lower().removesuffix(".")


def _ipv6(text: str) -> str:
    try:
        return f"[{IPv6Address(text[1:-1]).compressed}]"
    except AddressValueError as error:
        raise MalformedUrlError("this is not an IPv6 address") from error


# RFC 3986 2.3 and 3.3.
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_NOT_IN_SEGMENT = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@]+")
_NOT_IN_PATH = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]+")
_ESCAPE_OR_NOT_IN_PATH = re.compile(rf"%[0-9A-Fa-f]{{2}}|{_NOT_IN_PATH.pattern}")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE_OCTETS = re.compile(rb"%[0-9A-Fa-f]{2}")
_OCTET = {b"%%%02X" % octet: bytes([octet]) for octet in range(256)}
_CANONICAL_ESCAPE = {
    f"%{octet:02X}": chr(octet) if chr(octet) in _UNRESERVED else f"%{octet:02X}"
    for octet in range(256)
}


def _canonical_path(raw: str) -> tuple[str, str | None]:
    """The canonical path, and what makes it unusable."""
    if _BROKEN_ESCAPE.search(raw):
        # Decoding beside a stray `%` could complete an escape that nobody wrote (`%%32F`), so
        # the escapes stay as they are.
        return _NOT_IN_PATH.sub(_canonical_octets, raw) or "/", "invalid-escape"
    path = _ESCAPE_OR_NOT_IN_PATH.sub(_canonical_octets, raw) or "/"
    return path, _refused_in_path(path)


def _canonical_octets(found: re.Match[str]) -> str:
    text = found[0]
    if text[0] == "%":
        return _CANONICAL_ESCAPE[text.upper()]
    # A lone surrogate becomes three octets that are no UTF-8: flagged now and on every later
    # look. Two of them can never make up a valid character, as with surrogateescape they could.
    return _escaped(text, "surrogatepass")


def _escaped(text: str, errors: str) -> str:
    return "".join([f"%{octet:02X}" for octet in text.encode("utf-8", errors)])


_CONTROL = re.compile(r"%(?:[01][0-9A-F]|7F|C2%[89][0-9A-F])")
# A segment that is `.` or `..`, also when a reader takes `%2F` for a slash or drops what follows
# a `;` (`/..;/admin`, `/..%2Fadmin`): dot segments are never data.
_DOT_SEGMENT = re.compile(r"(?:/|%2F)\.\.?(?:/|%2F|;|%3B|$)")
_DOUBLE_ENCODING = re.compile(r"%25[0-9A-Fa-f]{2}")


def _refused_in_path(path: str) -> str | None:
    if "%" in path:
        if "%00" in path:
            return "nul"
        if _CONTROL.search(path):
            return "control-character"
        try:
            decode_segment(path)
        except MalformedUrlError:
            return "invalid-utf-8"
        if "%5C" in path:
            return "backslash"
    return "dot-segment" if _DOT_SEGMENT.search(path) else None


def _refused_in_query(query: str) -> str | None:
    # The query is data and stays raw; but what no HTTP message can carry was put in by someone.
    if _RAW_CONTROL.search(query):
        return "nul" if "\x00" in query else "control-character"
    return "invalid-utf-8" if _SURROGATE.search(query) else None


def _openable(path: str) -> frozenset[PathFeature]:
    found: list[PathFeature] = []
    if "%2F" in path:
        found.append(PathFeature.ENCODED_SLASH)
    if _DOUBLE_ENCODING.search(path):
        found.append(PathFeature.DOUBLE_ENCODING)
    if "//" in path:
        found.append(PathFeature.EMPTY_SEGMENTS)
    if ";" in path or "%3B" in path:
        # `%3B` too: some servers decode before they cut off path parameters.
        found.append(PathFeature.SEMICOLON)
    return frozenset(found) if found else _NOTHING
