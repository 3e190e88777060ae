"""Positioned nodes as the JSON that editors make of them: YAML 1.2, core schema."""

from __future__ import annotations

import re

from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle, SequenceNode

__all__ = ["core_json"]

_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_INT = re.compile("[-+]?[0-9]+")
_OTHER_INT = re.compile("0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def core_json(node: Node) -> object:
    """str, int, float, bool, None, list or dict."""
    if isinstance(node, MappingNode):
        return {key.text: core_json(value) for key, value in node.entries}
    if isinstance(node, SequenceNode):
        return [core_json(item) for item in node.items]
    return _plain(node) if node.style is ScalarStyle.PLAIN else node.text


def _plain(node: ScalarNode) -> object:
    text = node.text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INT.fullmatch(text):
        return int(text)
    if _OTHER_INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) or _SPECIAL.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".nan", "nan").lower())
    return text
