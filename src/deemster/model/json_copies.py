"""Members of somebody else's making ► members of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping

from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = ["NoJsonError", "json_object_copy"]

_MAX_DEPTH = 32


class NoJsonError(ValueError):
    """It cannot be told in JSON. The message names no value."""


def json_object_copy(members: Mapping[str, object]) -> dict[str, object]:
    """A deep copy of JSON types only, which nobody else can change. Raises NoJsonError."""
    try:
        text = json.dumps(dict(members), allow_nan=False).encode()
        found = read_strict_json(text, max_depth=_MAX_DEPTH)
    except (TypeError, ValueError, RecursionError, StrictJsonError) as error:
        raise NoJsonError(type(error).__name__) from None
    if not isinstance(found, dict):
        raise NoJsonError("no object")
    return found
