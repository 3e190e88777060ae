"""`paths:` of a service or an operation: what is folded, and what is opened as data.

Source: policy-language sections 2 and 11. Folding is for a whole service: one table of operations
has one way of comparing. Openings may also belong to the one operation whose upstream agrees.
"""

from __future__ import annotations

from deemster.model.urls import PathFeature
from deemster.policy.codes import Code
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.reading.nodes import SequenceNode

__all__ = ["OPERATION_PATHS", "SERVICE_PATHS", "parse_openings", "parse_service_paths"]

_REFUSED = "refused as `ambiguous-path`"


def _opening(word: str, feature: PathFeature, meaning: str, doc: str) -> Key:
    return Key(forms.Choice({word: feature}, docs={word: meaning}), doc, word, _REFUSED)


_OPENINGS = Keys(
    {
        "encodedSlash": _opening(
            "data",
            PathFeature.ENCODED_SLASH,
            "a slash within a segment, and no separator",
            "What `%2F` in a path is.",
        ),
        "doubleEncoding": _opening(
            "data",
            PathFeature.DOUBLE_ENCODING,
            "the text `%2F`: a path is decoded once",
            "What `%252F` in a path is.",
        ),
        "emptySegments": _opening(
            "keep",
            PathFeature.EMPTY_SEGMENTS,
            "a segment of its own, which `**` alone matches",
            "What an empty segment inside a path is, as in `/a//b`.",
        ),
        "semicolon": _opening(
            "data",
            PathFeature.SEMICOLON,
            "a character like any other",
            "What `;` and `%3B` in a path are.",
        ),
    }
)
_TRAILING_SLASH = forms.Choice(
    {"same": True}, docs={"same": "a path with it is the path without it"}
)
_CASE = forms.Choice({"insensitive": True}, docs={"insensitive": "ASCII letters are folded"})
_FOLDINGS = Keys(
    {
        "trailingSlash": Key(
            _TRAILING_SLASH,
            "What a slash at the end of a path means.",
            "same",
            "a trailing slash is an empty last segment",
        ),
        "case": Key(
            _CASE,
            "How letters of a path are compared with templates.",
            "insensitive",
            "case-sensitive",
        ),
    }
)
_NEVER = "dot segments, backslashes, NUL, control characters and invalid UTF-8 are never opened"
_ELSEWHERE = dict.fromkeys(("dotSegments", "backslash", "nul", "invalidUtf8"), _NEVER)
SERVICE_PATHS = Shape(
    "`paths`",
    _FOLDINGS | _OPENINGS,
    elsewhere=_ELSEWHERE,
    example="paths: {trailingSlash: same}",
    doc="How paths are read where the upstream is known to agree.",
)
OPERATION_PATHS = Shape(
    "`paths` of an operation",
    _OPENINGS,
    elsewhere=_ELSEWHERE
    | dict.fromkeys(_FOLDINGS, "a whole service folds: write it in `service: {paths: {...}}`"),
    example="paths: {encodedSlash: data}",
    doc="What counts as data in paths of the operation, where its upstream is known to agree.",
)


def parse_service_paths(service: Fields) -> tuple[bool, bool, frozenset[PathFeature]]:
    """(trailing slashes fold, case folds, what is opened) of a service's `paths`."""
    fields = _paths(service, SERVICE_PATHS)
    if fields is None:
        return False, False, frozenset()
    slash = fields.choice("trailingSlash", _TRAILING_SLASH)
    case = fields.choice("case", _CASE)
    return bool(slash), bool(case), _opened(fields)


def parse_openings(operation: Fields) -> frozenset[PathFeature]:
    """What an operation's `paths` opens."""
    node = operation.node_of("paths")
    if isinstance(node, SequenceNode):
        operation.sink.error(
            Code.WRONG_TYPE,
            "`paths` of an operation says what counts as data in its paths, and lists none",
            operation.key_span("paths"),
            help="write the templates in `match: {paths: [...]}`",
        )
        return frozenset()
    fields = _paths(operation, OPERATION_PATHS)
    return frozenset() if fields is None else _opened(fields)


def _paths(owner: Fields, shape: Shape) -> Fields | None:
    node = owner.node_of("paths")
    return None if node is None else Fields.of(node, shape, owner.sink)


def _opened(fields: Fields) -> frozenset[PathFeature]:
    found: set[PathFeature] = set()
    for name, key in _OPENINGS.items():
        if key is not None and isinstance(key.form, forms.Choice):
            feature = fields.choice(name, key.form)
            if isinstance(feature, PathFeature):
                found.add(feature)
    return frozenset(found)
