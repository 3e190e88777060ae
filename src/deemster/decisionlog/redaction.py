"""What must not reach the decision log in the clear, or as raw control characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

__all__ = [
    "MAX_URL",
    "REDACTED",
    "escape_surrogates",
    "escape_unprintable",
    "query_parts",
    "redact_url",
    "shortened",
]

REDACTED = "[redacted]"

MAX_URL = 4096
"""Characters of a URL that are kept; a gateway may deliver up to `limits.body` of it."""

# Whatever stands between the scheme and the last `@` of the authority. Back slashes are taken for
# slashes: a password must not get through because a URL was written wrongly.
_USER_INFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*:[/\\]*|[/\\]+)([^/\\?#]*)@")


def redact_url(url: str) -> tuple[str, tuple[str, ...]]:
    """The URL as it may be written, and what was taken out of it.

    Kept: scheme, host, path, names of query parameters. Taken out: query values, fragment, user
    info (`url.query`, `url.fragment`, `url.userinfo`); cut at `MAX_URL` characters (`url.length`).
    """
    masked: list[str] = []
    rest, mark, _ = url.partition("#")
    tail = ""
    if mark:
        tail = "#" + REDACTED
        masked.append("url.fragment")
    path, mark, query = rest.partition("?")
    if mark and query:
        tail = "?" + "&".join([_without_value(part) for part in query.split("&")]) + tail
        masked.append("url.query")
    elif mark:
        tail = "?" + tail
    if "@" in path:
        cleaned = _USER_INFO.sub(rf"\g<1>{REDACTED}@", path)
        if cleaned != path:
            path = cleaned
            masked.append("url.userinfo")
    redacted = path + tail
    if len(redacted) > MAX_URL:
        redacted = redacted[:MAX_URL]
        masked.append("url.length")
    return redacted, tuple(masked)


def query_parts(url: str) -> Iterator[tuple[str, str | None]]:
    """(decoded name, value as written) of each part of a URL's query.

    (text, None) for a part that has no value, or a name that cannot be decoded.
    """
    query = url.partition("#")[0].partition("?")[2]
    for part in query.split("&") if query else ():
        name, mark, value = part.partition("=")
        try:
            decoded = unquote_to_bytes(name.replace("+", " ")).decode("utf-8")
        except UnicodeError:
            yield name, None
            continue
        if part:
            yield decoded, value if mark else None


def _without_value(part: str) -> str:
    name, mark, _ = part.partition("=")
    # A part without `=` may be the secret itself (`?eyJ…`), so it is not taken for a name.
    return f"{name}={REDACTED}" if mark else REDACTED if part else ""


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where some were cut."""
    return text if len(text) <= limit else text[:limit] + "…"


def escape_surrogates(value: object) -> object:
    r"""JSON values whose text is Unicode: a lone surrogate becomes the six characters `\ud800`.

    Nobody may hide a decision from the log by sending what cannot be encoded.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {escape_surrogates(name): escape_surrogates(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [escape_surrogates(item) for item in value]
    return value


def escape_unprintable(line: bytes) -> bytes:
    r"""A line of JSON in which everything unprintable is a `\u` escape.

    A JSON encoder escapes U+0000 to U+001F only; DEL, C1 controls, bidirectional overrides and
    line separators would still reach somebody's terminal (facts/security.md 1.9, L1). They can
    stand only inside strings, where an escape means the same.
    """
    # INVARIANT: ASCII without DEL, made by a JSON encoder, is printable already.
    if line.isascii() and b"\x7f" not in line:
        return line
    return "".join([_escaped(character) for character in line.decode("utf-8")]).encode("utf-8")


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    # RFC 8259 7: beyond the basic plane as a pair of surrogates.
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
