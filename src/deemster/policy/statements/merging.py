"""Statements that go with one answer: do they agree on what they set?

Source: policy-language section 8. What excludes or includes is merged where it is carried out
(`documents`); what sets one header, query parameter or attribute must set it to one value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deemster.model.decision import Statement
from deemster.policy.jsonpath.parser import parse_json_path
from deemster.policy.jsonpath.path import Index, Name
from deemster.policy.statements.codes import KnownCode

__all__ = ["contradictions"]


def contradictions(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Those that set something to another value than an earlier one does."""
    first: dict[object, object] = {}
    found = []
    for statement in statements:
        settings = list(_settings(statement))
        if any(first.setdefault(what, value) != value for what, value in settings):
            found.append(statement)
    return tuple(found)


def _settings(statement: Statement) -> Iterator[tuple[object, object]]:
    """What is set, and to what; two that mean one thing are equal."""
    payload = statement.payload
    if not isinstance(payload, dict):
        return
    if statement.code == KnownCode.MODIFY_HEADERS:
        for name, value in payload.items():
            yield ("header", name.lower()), _values(value)
    elif statement.code == KnownCode.MODIFY_QUERY:
        for name, value in payload.items():
            yield ("query", name), _values(value)
    elif statement.code == KnownCode.MODIFY_ATTRIBUTES:
        for path, value in payload.items():
            yield ("attribute", _address(path)), _typed(value)


def _values(value: object) -> tuple[object, ...] | None:
    if value is None:
        return None
    return tuple(value) if isinstance(value, list) else (value,)


def _address(path: str) -> object:
    """`$.a` and `$['a']` are one place. What selects several is compared as it is written."""
    parsed = parse_json_path(path)
    if not parsed.is_singular:
        return path
    steps = []
    for segment in parsed.segments:
        selector = segment.selectors[0]
        steps.append(
            selector.name
            if isinstance(selector, Name)
            else selector.index
            if isinstance(selector, Index)
            else selector
        )
    return tuple(steps)


def _typed(value: object) -> object:
    """JSON's `1` and `true` differ, whatever Python says."""
    if isinstance(value, dict):
        return {name: _typed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return (type(value).__name__, value)
