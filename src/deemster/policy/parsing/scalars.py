"""Scalars by the schema type of their field, never by YAML's guessing.

Where text is declared, `NO`, `10:30`, `017` and `2026-11-22` are text; only a plain `true` or
`false` is a boolean; an integer is JSON's, in 64 bits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TypeGuard

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle, SequenceNode
from deemster.policy.tree import Text

__all__ = [
    "DURATION_PATTERN",
    "INT_MAX",
    "INT_MIN",
    "describe",
    "duration_milliseconds",
    "flag_of",
    "integer_of",
    "json_value",
    "listed",
    "text_of",
]

DURATION_PATTERN = "(0|[1-9][0-9]{0,11})(ms|s|m|h)"
INT_MIN = -(2**63)
INT_MAX = 2**63 - 1

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DURATION = re.compile(DURATION_PATTERN)
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_LONGEST_NUMBER = 400


def text_of(node: Node, sink: DiagnosticSink, name: str) -> Text | None:
    """A text that is not empty; None after an error. `name` is how messages call the field."""
    if isinstance(node, ScalarNode) and node.text:
        return Text(node.text, node.span)
    if isinstance(node, ScalarNode) and node.style is not ScalarStyle.PLAIN:
        sink.error(Code.BAD_VALUE, f"{name} is empty", node.span)
    else:
        _refuse_type(node, sink, name, "text")
    return None


def flag_of(node: Node, sink: DiagnosticSink, name: str) -> bool | None:
    """`true` or `false`; None after an error."""
    if _is_plain(node) and node.text in {"true", "false"}:
        return node.text == "true"
    _refuse_type(node, sink, name, "`true` or `false`")
    return None


def integer_of(
    node: Node,
    sink: DiagnosticSink,
    name: str,
    *,
    minimum: int = INT_MIN,
    maximum: int = INT_MAX,
) -> int | None:
    """A JSON integer within bounds; None after an error."""
    if not _is_plain(node) or _INTEGER.fullmatch(node.text) is None:
        _refuse_type(node, sink, name, "an integer")
        return None
    # Python refuses to convert thousands of digits; 20 are enough to be out of range.
    value = int(node.text) if len(node.text) <= 20 else INT_MAX + 1
    if minimum <= value <= maximum:
        return value
    bounds = "64 bits" if (minimum, maximum) == (INT_MIN, INT_MAX) else f"{minimum}..{maximum}"
    sink.error(Code.BAD_VALUE, f"{name} is out of range, `{node.text[:40]}`", node.span,
               help=f"an integer within {bounds}")  # fmt: skip
    return None


def duration_milliseconds(node: Node, sink: DiagnosticSink, name: str) -> int | None:
    """`150ms`, `300s`, `5m`, `1h` in milliseconds; None after an error."""
    found = _DURATION.fullmatch(node.text) if isinstance(node, ScalarNode) else None
    if found is None:
        is_number = isinstance(node, ScalarNode) and _INTEGER.fullmatch(node.text)
        guess = f"did you mean {describe(node).rstrip('`')}s`? " if is_number else ""
        help_ = f"{guess}a whole number and a unit: `150ms`, `300s`, `5m`, `1h`"
        _refuse_type(node, sink, name, "a duration", help_=help_)
        return None
    return int(found[1]) * _MILLISECONDS[found[2]]


def json_value(node: Node, sink: DiagnosticSink) -> object:
    """A free JSON field: JSON's own scalars where written plain, else text; None after an error.

    Returns str, int, float, bool, None, list or dict. The reader has bounded the depth.
    """
    if isinstance(node, MappingNode):
        return {key.text: json_value(value, sink) for key, value in node.entries}
    if isinstance(node, SequenceNode):
        return [json_value(item, sink) for item in node.items]
    if node.style is not ScalarStyle.PLAIN:
        return node.text
    if node.text in _JSON_WORDS:
        return _JSON_WORDS[node.text]
    if _NUMBER.fullmatch(node.text) is None:
        return node.text
    return _json_number(node, sink)


_JSON_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "": None}


def _json_number(node: ScalarNode, sink: DiagnosticSink) -> int | float | None:
    if len(node.text) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(node.text):
            return int(node.text)
        value = float(node.text)
        if math.isfinite(value):
            return value
    sink.error(
        Code.BAD_VALUE,
        f"the number `{node.text[:40]}` is too large",
        node.span,
        help="put it in double quotes if it is a text",
    )
    return None


def describe(node: Node) -> str:
    """What was found, for messages: `a list`, `a mapping`, `nothing`, or the text itself."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    if not node.text:
        return "nothing"
    shown = node.text if len(node.text) <= 60 else node.text[:60] + "…"
    quoted = "" if node.style is ScalarStyle.PLAIN else "the text "
    return f"{quoted}`{shown}`".replace("\n", " ")


def listed(names: Iterable[str], conjunction: str = "or") -> str:
    """Names for a sentence: `a`, `b` or `c`, each in backticks."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {conjunction} {quoted[-1]}"


def _is_plain(node: Node) -> TypeGuard[ScalarNode]:
    return isinstance(node, ScalarNode) and node.style is ScalarStyle.PLAIN


def _refuse_type(
    node: Node, sink: DiagnosticSink, name: str, wanted: str, *, help_: str | None = None
) -> None:
    message = f"{name} must be {wanted}, found {describe(node)}"
    sink.error(Code.WRONG_TYPE, message, node.span, help=help_)
