"""Values in the path and the headers of a request: each stays within the segment it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

__all__ = ["UnsafeValueError", "checked_text", "header_value", "path_and_query"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LEAVING = re.compile(r"(?:^|[/\\])\.{1,2}(?:[/\\]|$)")
_NO_SEGMENT = re.compile(r"(?:(?:\.|%2[eE]){1,2})?")
# RFC 9110 5.5: visible ASCII with blanks within.
_FIELD_VALUE = re.compile(r"(?:[!-~](?:[ !-~]*[!-~])?)?")
_MOST_CHARACTERS = 4096
_MARK = "\0"


class UnsafeValueError(Exception):
    """A value that no request can hold as it is. The message names no value."""


def path_and_query(pieces: Iterable[tuple[str, bool]]) -> str:
    """The target of (text, whether it is a value) in order. Raises UnsafeValueError.

    INVARIANT: no value ends a segment, begins a query or a fragment, or makes a dot segment.
    """
    written: list[str] = []
    in_query = False
    for text, is_value in pieces:
        if not is_value:
            in_query = in_query or "?" in text
            written.append(text)
            continue
        checked_text(text)
        if not in_query and _LEAVING.search(text):
            # A server that reads the escaped slashes back would leave the path.
            raise UnsafeValueError("would be a dot segment of a path")
        written.append(_MARK + quote(text, safe=""))
    marked = "".join(written)
    if len(marked) > _MOST_CHARACTERS:
        raise UnsafeValueError(f"makes a path of more than {_MOST_CHARACTERS} characters")
    for segment in marked.partition("?")[0].split("/"):
        # RFC 3986 5.2.4. Segments without a value were checked when the policy was loaded.
        if _MARK in segment and _NO_SEGMENT.fullmatch(segment.replace(_MARK, "")):
            raise UnsafeValueError("would be an empty segment or a dot segment of a path")
    return marked.replace(_MARK, "")


def header_value(text: str) -> str:
    """A field value as it goes out. Raises UnsafeValueError."""
    if _FIELD_VALUE.fullmatch(text) is None or len(text) > _MOST_CHARACTERS:
        raise UnsafeValueError("cannot stand in a header")
    return text


def checked_text(text: str) -> str:
    """The text, if no control character is in it. Raises UnsafeValueError."""
    if _CONTROL.search(text):
        raise UnsafeValueError("holds a control character")
    return text
