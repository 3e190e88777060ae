"""Attributes ► functions that read them: pure, lazy, each computed once a decision.

What must be fetched is looked up among the answers at hand; where it is not there, NeedsValues
says what to ask for. An attribute passed over asks for nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from deemster.errors import EvaluationError
from deemster.model.decision import Reason
from deemster.policy.expressions import attribute_terms, failures
from deemster.policy.expressions.attribute_sources import (
    UnreadableError,
    body_source,
    http_source,
    sql_source,
    text_source,
)
from deemster.policy.expressions.attribute_terms import AttributeRead, CheckedAttribute
from deemster.policy.expressions.attribute_values import attribute_coercion, first_or_all
from deemster.policy.expressions.coercion import MISFIT
from deemster.policy.expressions.terms import Term
from deemster.policy.jsonpath import JsonPathLimitError
from deemster.policy.values import Values

__all__ = ["ReaderOf", "attribute_origin", "attribute_presence", "attribute_reader"]

ReaderOf = Callable[[Term], Callable[[Values], object]]
"""How the reader of any other name is made."""

_FAILED = frozenset({Reason.DEPENDENCY_UNAVAILABLE, Reason.BODY_UNAVAILABLE})
"""Reasons for which `onError` stands in: a fetch failed, the attribute's own or one below it."""


class _Outcome:
    """What came of an attribute in this decision. `error` has the reason and what is wrong."""

    __slots__ = ("error", "origin", "value")

    def __init__(
        self, value: object, origin: str = "", error: tuple[Reason, str] | None = None
    ) -> None:
        self.value = value
        self.origin = origin
        self.error = error


_Compute = Callable[[Values], _Outcome]


def attribute_reader(read: AttributeRead, reader_of: ReaderOf) -> Callable[[Values], object]:
    """The function that reads an attribute. Raises EvaluationError and NeedsValues when called."""
    compute = _compiled(read.attribute, reader_of, {})

    def attribute(values: Values) -> object:
        outcome = compute(values)
        if outcome.error is not None:
            raise _failure(read, outcome.error)
        if outcome.value is None:
            raise failures.absent(read.name, read.span)
        return outcome.value

    return attribute


def attribute_presence(read: AttributeRead, reader_of: ReaderOf) -> Callable[[Values], bool]:
    """The function that answers `has()` of an attribute."""
    compute = _compiled(read.attribute, reader_of, {})

    def present(values: Values) -> bool:
        outcome = compute(values)
        if outcome.error is not None:
            raise _failure(read, outcome.error)
        return outcome.value is not None

    return present


def attribute_origin(read: AttributeRead, values: Values) -> str:
    """Where the value came from that was read in this decision, for traces; may be empty."""
    outcome = None if values.memo is None else values.memo.get(read.attribute)
    return outcome.origin if isinstance(outcome, _Outcome) else ""


def _failure(read: AttributeRead, error: tuple[Reason, str]) -> EvaluationError:
    reason, message = error
    return EvaluationError(f"`{read.name}` {message}", reason=reason, span=read.span)


def _compiled(
    attribute: CheckedAttribute, reader_of: ReaderOf, made: dict[CheckedAttribute, _Compute]
) -> _Compute:
    known = made.get(attribute)
    if known is None:
        known = made[attribute] = _memoised(attribute, _computed(attribute, reader_of, made))
    return known


def _memoised(attribute: CheckedAttribute, compute: _Compute) -> _Compute:
    def once(values: Values) -> _Outcome:
        memo = values.memo
        if memo is None:
            memo = values.memo = {}
        outcome = memo.get(attribute)
        if outcome is None:
            outcome = memo[attribute] = compute(values)
        return outcome  # type: ignore[return-value]  # only this function writes that key

    return once


def _computed(
    attribute: CheckedAttribute, reader_of: ReaderOf, made: dict[CheckedAttribute, _Compute]
) -> _Compute:
    source = _source(attribute, reader_of, made)
    coerce = attribute_coercion(attribute)
    substitute = attribute.substitute
    default = attribute.default if attribute.has_default else None

    def compute(values: Values) -> _Outcome:
        try:
            raw, origin = source(values)
        except UnreadableError as error:
            if substitute is not None and error.reason in _FAILED:
                return _Outcome(substitute, "onError")
            return _Outcome(None, "", (error.reason, error.message))
        if raw is None:
            return _Outcome(default, "default" if default is not None else "")
        value = coerce(raw)
        if value is MISFIT:
            return _Outcome(None, "", (Reason.INDETERMINATE, f"is not {attribute.narrowing}"))
        return _Outcome(value, origin)

    return compute


_Source = Callable[[Values], tuple[object, str]]
"""A JSON value, None where it is absent, and where it came from. Raises UnreadableError."""


def _source(
    attribute: CheckedAttribute, reader_of: ReaderOf, made: dict[CheckedAttribute, _Compute]
) -> _Source:
    source = attribute.source
    match source:
        case attribute_terms.CheckedHttp():
            return http_source(attribute.id, source, reader_of)
        case attribute_terms.CheckedSql():
            return sql_source(attribute, source, reader_of)
        case attribute_terms.CheckedBody():
            return body_source(source)
        case attribute_terms.CheckedHeader() | attribute_terms.CheckedQuery():
            return text_source(source)
        case attribute_terms.CheckedConstant(value=value):
            return lambda _: (value, "constant")
        case attribute_terms.CheckedDerived():
            return _derived(source, _compiled(source.attribute, reader_of, made))


def _derived(source: attribute_terms.CheckedDerived, compute: _Compute) -> _Source:
    name = source.attribute.id.partition("#")[2]
    path = source.select

    def derived(values: Values) -> tuple[object, str]:
        outcome = compute(values)
        if outcome.error is not None:
            reason, message = outcome.error
            raise UnreadableError(reason, f"is a part of `{name}`, which {message}")
        value = outcome.value
        if value is None:
            return None, ""
        document = list(value) if isinstance(value, tuple) else value
        try:
            return first_or_all(path, document), outcome.origin
        except JsonPathLimitError:
            raise UnreadableError(
                Reason.DEPENDENCY_UNAVAILABLE, "would look at too much of its document"
            ) from None

    return derived
