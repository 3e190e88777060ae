"""Quoted names of a JSONPath (RFC 9535 2.3.1.1): JSON's escapes, in either kind of quotes."""

from __future__ import annotations

import re

__all__ = ["JsonPathSyntaxError", "read_quoted"]


class JsonPathSyntaxError(Exception):
    """`text[start:end]` of a path is wrong. Whoever parses makes a diagnostic of it."""

    def __init__(self, message: str, start: int, end: int, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.help = help


_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\"}
_UNIT = re.compile(r"\\u([0-9A-Fa-f]{4})")


def read_quoted(text: str, opened: int) -> tuple[str, int]:
    """The name that the quote at `opened` begins, and the offset after its end.

    Raises JsonPathSyntaxError.
    """
    quote = text[opened]
    pieces: list[str] = []
    at = opened + 1
    while at < len(text):
        character = text[at]
        if character == quote:
            return "".join(pieces), at + 1
        if character == "\\":
            piece, at = _escape(text, at, quote)
            pieces.append(piece)
            continue
        if character < " " or "\ud800" <= character <= "\udfff":
            raise JsonPathSyntaxError(
                "a control character stands in the name", at, at + 1, "write it as an escape: `\\n`"
            )
        pieces.append(character)
        at += 1
    raise JsonPathSyntaxError("the quoted name has no end", opened, at, f"close it with {quote}")


def _escape(text: str, at: int, quote: str) -> tuple[str, int]:
    following = text[at + 1 : at + 2]
    if following in _SIMPLE:
        return _SIMPLE[following], at + 2
    # The other quote is not escaped: one name has one spelling in each kind of quotes.
    if following and following == quote:
        return quote, at + 2
    unit = _UNIT.match(text, at)
    if unit is None:
        raise JsonPathSyntaxError(
            f"unknown escape `\\{following}`",
            at,
            at + 1 + len(following),
            "JSON's escapes: \\b \\f \\n \\r \\t \\/ \\\\ \\u0041, and the quote itself",
        )
    number = int(unit[1], 16)
    if not 0xD800 <= number <= 0xDFFF:
        return chr(number), unit.end()
    low = _UNIT.match(text, unit.end()) if number < 0xDC00 else None
    if low is None or not 0xDC00 <= int(low[1], 16) <= 0xDFFF:
        raise JsonPathSyntaxError(
            f"`{unit.group()}` is half a character", at, unit.end(), "write both of its halves"
        )
    return chr(0x10000 + ((number - 0xD800) << 10) + (int(low[1], 16) - 0xDC00)), low.end()
