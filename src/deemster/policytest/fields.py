"""Values that only suites have, read from the fields of a mapping."""

from __future__ import annotations

import re
from datetime import datetime

from deemster.policy.codes import Code
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.scalars import json_value
from deemster.policy.reading.nodes import SequenceNode

__all__ = ["instant", "json_members", "json_of", "numeric_date", "possibly_empty_texts"]

# RFC 3339 5.6; Python takes more (ordinal dates, commas, no offset at all).
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def numeric_date(text: str) -> float | None:
    """Epoch seconds of an RFC 3339 timestamp, whole ones as int (RFC 7519 2); else None."""
    if _RFC3339.fullmatch(text) is None:
        return None
    try:
        seconds = datetime.fromisoformat(text.upper()).timestamp()
    except ValueError:
        return None
    return int(seconds) if seconds.is_integer() else seconds


def instant(fields: Fields, key: str) -> float | None:
    """Epoch seconds of the RFC 3339 timestamp under a key; None where absent or refused."""
    text = fields.text(key)
    if text is None:
        return None
    seconds = numeric_date(text.value)
    if seconds is None:
        fields.sink.error(
            Code.BAD_VALUE,
            f"`{key}` is `{text.value}`, which is no RFC 3339 timestamp",
            text.span,
            help="write it like 2026-11-23T09:00:00Z",
        )
    return seconds


def possibly_empty_texts(fields: Fields, key: str) -> tuple[str, ...]:
    """A list of texts; nothing where absent. A user may have no groups."""
    node = fields.node_of(key)
    if isinstance(node, SequenceNode) and not node.items:
        return ()
    return tuple(text.value for text in fields.texts(key))


def json_of(fields: Fields, key: str) -> object:
    """The JSON value under a key; None where absent."""
    node = fields.node_of(key)
    return None if node is None else json_value(node, fields.sink)


def json_members(fields: Fields, key: str) -> dict[str, object]:
    """The JSON values of a mapping whose keys the author chose."""
    return {name.text: json_value(value, fields.sink) for name, value in fields.entries(key)}
