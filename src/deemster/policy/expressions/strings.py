"""String literals: quotes, CEL's escapes, and the way back to text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deemster.policy.codes import Code
from deemster.policy.expressions.syntax_error import ExpressionSyntaxError, left_out

__all__ = ["content_offsets", "quoted", "read_string"]


def read_string(text: str, start: int, prefix: str, quote_at: int) -> tuple[str, int]:
    """The content of the literal that begins at `start`, and the offset after its end.

    `prefix` stands before the quote: none, or `r` for a string without escapes.
    Raises ExpressionSyntaxError.
    """
    quote = text[quote_at]
    if prefix not in ("", "r", "R"):
        if prefix.lower() in ("b", "br", "rb"):
            raise left_out("a byte string", start, quote_at + 1, "compare text")
        raise ExpressionSyntaxError(
            Code.BAD_LITERAL, f"unknown string prefix `{prefix}`", start, quote_at + 1
        )
    if text.startswith(quote * 3, quote_at):
        raise left_out(
            "a string in triple quotes",
            start,
            quote_at + 3,
            "write it in single quotes, a line break as \\n",
        )
    return _content(text, start, quote_at, is_raw=prefix != "")


def content_offsets(text: str, start: int) -> list[int]:
    """Where in `text` each character of a literal's content stands, and where the content ends.

    `start` is where a literal begins that `read_string` has read.
    """
    quote_at = min(at for at in (text.find("'", start), text.find('"', start)) if at >= 0)
    steps = list(_characters(text, quote_at, is_raw=quote_at > start))
    return [quote_at + 1, *(end for _, end in steps)]


def quoted(content: str) -> str:
    """A literal in single quotes that reads back as `content`."""
    return "'" + "".join(_escaped(character) for character in content) + "'"


def _content(text: str, start: int, quote_at: int, *, is_raw: bool) -> tuple[str, int]:
    pieces: list[str] = []
    position = quote_at + 1
    for piece, end in _characters(text, quote_at, is_raw=is_raw):
        pieces.append(piece)
        position = end
    if text[position : position + 1] == text[quote_at]:
        return "".join(pieces), position + 1
    raise ExpressionSyntaxError(
        Code.BAD_LITERAL,
        "the string has no end",
        start,
        position,
        f"close it with {text[quote_at]}",
    )


def _characters(text: str, quote_at: int, *, is_raw: bool) -> Iterator[tuple[str, int]]:
    """Each character of a content and the offset after it, up to the quote or the line's end."""
    stops = text[quote_at] + "\r\n"
    position = quote_at + 1
    while position < len(text) and text[position] not in stops:
        if text[position] == "\\" and not is_raw:
            character, position = _escape(text, position)
        else:
            character, position = text[position], position + 1
        yield character, position


_SIMPLE = {
    "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`",
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_CODE_POINT = re.compile(
    r"\\(?:[xX](?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})|U(?P<U>[0-9A-Fa-f]{8})"
    r"|(?P<octal>[0-3][0-7]{2}))"
)


def _escape(text: str, start: int) -> tuple[str, int]:
    following = text[start + 1 : start + 2]
    if following in _SIMPLE:
        return _SIMPLE[following], start + 2
    found = _CODE_POINT.match(text, start)
    if found is None:
        raise ExpressionSyntaxError(
            Code.BAD_LITERAL,
            f"unknown escape `\\{following}`",
            start,
            start + 1 + len(following),
            "write a backslash itself as \\\\, or use a raw string: r'...'",
        )
    digits = found.group("x") or found.group("u") or found.group("U")
    number = int(digits, 16) if digits else int(found.group("octal"), 8)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise ExpressionSyntaxError(
            Code.BAD_LITERAL, f"`{found.group()}` is not a character", start, found.end()
        )
    return chr(number), found.end()


_WRITTEN = {value: f"\\{letter}" for letter, value in _SIMPLE.items() if letter not in '?"`'}


def _escaped(character: str) -> str:
    if character in _WRITTEN:
        return _WRITTEN[character]
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
