"""`path` of an HTTP source: a target below the service's URL that no value can lead out of.

RFC 3986 3.3 and 3.4. What the author writes is checked here; what values make of it, when it is
read (`expressions/request_targets.py`).
"""

from __future__ import annotations

import re

from deemster.policy.attribute_tree import ValueTemplate
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing.fields import Fields

__all__ = ["check_target"]

_VALUE = "\0"
_PATH = re.compile(r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/\0]|%[0-9A-Fa-f]{2})*")
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?\0]|%[0-9A-Fa-f]{2})*")
# Browsers and servers read the escaped dots as dots (WHATWG URL 4.4).
_DOTS = re.compile(r"(?:\.|%2[eE]){1,2}")


def check_target(target: ValueTemplate, fields: Fields, sink: DiagnosticSink) -> None:
    """Report a target that is not a path from `/`, with a query or without."""
    text = "".join(piece if isinstance(piece, str) else _VALUE for piece in target.pieces)
    path, _, query = text.partition("?")
    problem = _problem(path, query)
    if problem is not None:
        message, help_ = problem
        node = fields.node_of("path")
        sink.error(Code.BAD_VALUE, message, target.span if node is None else node.span, help=help_)


def _problem(path: str, query: str) -> tuple[str, str] | None:
    if not path.startswith("/"):
        return "`path` begins with `/`", "it stands below the URL that the settings have"
    if _PATH.fullmatch(path) is None or _QUERY.fullmatch(query) is None:
        return (
            "`path` has a character that no URL has there",
            "write it percent-encoded in UTF-8, such as `%20`; a value in `{…}` is encoded by"
            " itself",
        )
    segments = path.split("/")[1:]
    if any(_DOTS.fullmatch(segment) for segment in segments):
        return "`path` has a dot segment", "write the path that is meant"
    if "" in segments[:-1]:
        return "`path` has an empty segment", "write one `/` between two segments"
    return None
