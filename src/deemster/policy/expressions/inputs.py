"""What a condition saw, for traces: each name it reads, with a function that reads it.

Claims, user attributes and attributes are shown, the latter with where they came from. Headers and
query parameters may carry tokens, cookies and keys: only their number is shown, and of an attribute
that is one its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized

from deemster.policy.expressions import terms
from deemster.policy.expressions.attribute_reading import attribute_origin
from deemster.policy.expressions.attribute_terms import (
    CheckedAttribute,
    CheckedDerived,
    CheckedHeader,
    CheckedQuery,
)
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.reading import Reader, reader_of, user_presence
from deemster.policy.expressions.response_terms import ResponseHeaderRead
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.types import STRING
from deemster.policy.values import Values

__all__ = ["describe_inputs", "reads_of", "shown_reader"]

_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})


def describe_inputs(checked: CheckedExpr) -> list[tuple[str, Reader]]:
    """(name as written, reader) of every name, each once, in source order.

    Readers raise as those of the condition do; sets come sorted, so that traces are repeatable.
    """
    found: dict[str, Reader] = {}
    _collect(checked.term, found, set())
    return list(found.items())


def _collect(term: Term, found: dict[str, Reader], seen: set[int]) -> None:
    if isinstance(term, terms.ConditionTerm):
        # A body used twice shows the same names again.
        if id(term.body) in seen:
            return
        seen.add(id(term.body))
    elif isinstance(term, terms.UserPresence):
        found.setdefault("has(user)", user_presence(term))
    elif isinstance(term, terms.Presence):
        _collect(term.read, found, seen)
    elif isinstance(term, terms.Read) and term.name not in found:
        found[term.name] = shown_reader(term)
    for operand in terms.operands(term):
        _collect(operand, found, seen)


def reads_of(term: Term) -> Iterator[terms.Read]:
    """Every name that a term reads where it stands; those of named conditions are not there."""
    if isinstance(term, terms.Presence):
        yield term.read
    elif isinstance(term, terms.Read):
        yield term
    elif not isinstance(term, terms.ConditionTerm):
        for operand in terms.operands(term):
            yield from reads_of(operand)


def shown_reader(read: terms.Read, *, revealed: bool = False) -> Reader:
    """Reads a name as people may see it.

    `revealed` shows headers and query parameters too, but for those that carry credentials.
    """
    reader = reader_of(read)
    if isinstance(read, terms.AttributeRead):
        return _shown_attribute(read, reader, revealed=revealed)
    if isinstance(read, terms.HeaderRead | terms.QueryRead | ResponseHeaderRead):
        if revealed and not (isinstance(read, terms.HeaderRead) and read.header in _CREDENTIALS):
            return reader
        values_of: Callable[[Values], Sized] = reader  # type: ignore[assignment]  # list types
        return lambda values: _counted(len(values_of(values)))
    return lambda values: _sorted(reader(values))


def _shown_attribute(read: terms.AttributeRead, reader: Reader, *, revealed: bool) -> Reader:
    is_document = read.attribute.narrowing is None
    is_hidden = _is_raw_text(read.attribute, revealed=revealed)

    def shown(values: Values) -> object:
        value = reader(values)
        if is_document:
            return _Described("<a JSON document>")
        if is_hidden and isinstance(value, str):
            return _Described(f"<text of {len(value)} characters>")
        origin = attribute_origin(read, values)
        return _Described(f"{_sorted(value)!r} ({origin})") if origin else _sorted(value)

    return shown


def _is_raw_text(attribute: CheckedAttribute, *, revealed: bool) -> bool:
    """Whether the value is what a header or a parameter held, and may be anything."""
    source, narrowing = attribute.source, attribute.narrowing
    if narrowing is None or narrowing.type != STRING or narrowing.enum is not None:
        return False
    if isinstance(source, CheckedDerived):
        return _is_raw_text(source.attribute, revealed=revealed)
    if isinstance(source, CheckedHeader):
        return not revealed or source.header in _CREDENTIALS
    return isinstance(source, CheckedQuery) and not revealed


def _sorted(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


class _Described:
    """Stands for a value: what is shown instead of it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _counted(number: int) -> _Described:
    return _Described(f"<{number} value{'' if number == 1 else 's'}>")
