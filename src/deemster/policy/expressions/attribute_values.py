"""What a source gives ► a value of the attribute's type: selection, and texts that stand for
numbers, truth and times.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from deemster.policy.expressions.attribute_terms import (
    CheckedAttribute,
    CheckedConstant,
    CheckedHeader,
    CheckedQuery,
    CheckedSql,
)
from deemster.policy.expressions.coercion import (
    MISFIT,
    Coercion,
    coercion_of,
    directory_coercion_of,
)
from deemster.policy.expressions.times import timestamp_seconds
from deemster.policy.expressions.types import BOOL, INT, TIMESTAMP, ListType, Type
from deemster.policy.jsonpath import JsonPath, find

__all__ = ["attribute_coercion", "first_or_all"]

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_TRUTH = {"true": True, "false": False}


def first_or_all(path: JsonPath, document: object) -> object:
    """The value that a path selects, a list where it may select several; None if there is none.

    Raises JsonPathLimitError.
    """
    found = find(path, document)
    if path.is_singular:
        return found[0] if found else None
    return found or None


def attribute_coercion(attribute: CheckedAttribute) -> Coercion:
    """A present value ► one of the declared type, or MISFIT."""
    narrowing = attribute.narrowing
    if narrowing is None or isinstance(attribute.source, CheckedConstant):
        return lambda value: value
    if isinstance(attribute.source, CheckedHeader | CheckedQuery):
        return _of_texts(narrowing.type, coercion_of(narrowing))
    coerce = directory_coercion_of(narrowing)
    if isinstance(attribute.source, CheckedSql) and narrowing.type is BOOL:
        # SQLite and others have no truth of their own.
        return lambda value: value == 1 if type(value) is int and value in (0, 1) else coerce(value)
    return coerce


def _of_texts(kind: Type, coerce: Coercion) -> Coercion:
    """Of all the values that a header or a parameter has, as texts."""
    if isinstance(kind, ListType):
        read = _text_reader(kind.element)
        return lambda texts: coerce([read(text) for text in texts])  # type: ignore[attr-defined]
    read = _text_reader(kind)

    def only(texts: object) -> object:
        # Two values of one name: whoever reads the first is told otherwise than who reads the last.
        if not isinstance(texts, tuple) or len(texts) != 1:
            return MISFIT
        return coerce(read(texts[0]))

    return only


def _text_reader(kind: Type | None) -> Callable[[str], object]:
    if kind is INT:
        return lambda text: int(text) if _INTEGER.fullmatch(text) else MISFIT
    if kind is BOOL:
        return lambda text: _TRUTH.get(text, MISFIT)
    if kind is TIMESTAMP:
        return timestamp_seconds
    return lambda text: text
