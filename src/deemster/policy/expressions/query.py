"""The query of a URL by name, read as upstreams read it: the form encoding of the WHATWG URL
standard, 5.1, with `+` as a space, but nothing malformed is forgiven.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

__all__ = ["MAX_PARAMETERS", "MalformedQueryError", "query_parameters"]

MAX_PARAMETERS = 1000
"""More are not looked at: the whole query is an error."""

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class MalformedQueryError(ValueError):
    """The query could be read in two ways, or has too many parameters."""


def query_parameters(query: str) -> Mapping[str, tuple[str, ...]]:
    """Every value of every name, in order, percent-decoded. `query` is raw, without `?`.

    Raises MalformedQueryError for a broken escape, for what is not UTF-8, and for too much.
    """
    if query.count("&") >= MAX_PARAMETERS:
        raise MalformedQueryError(f"the query has more than {MAX_PARAMETERS} parameters")
    if _BAD_ESCAPE.search(query):
        raise MalformedQueryError("the query has a malformed percent escape")
    found: dict[str, tuple[str, ...]] = {}
    for piece in query.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            key = _decoded(name)
            found[key] = (*found.get(key, ()), _decoded(value))
    return found


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeError:
        raise MalformedQueryError("the query is not UTF-8") from None
