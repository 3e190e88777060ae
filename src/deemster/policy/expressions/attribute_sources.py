"""Sources of attributes, read from the values at hand: answers, body, headers, query."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from deemster.errors import EvaluationError
from deemster.model.attributes import AttributeFetch, Fetched, FetchFailed, HttpCall, SqlCall
from deemster.model.decision import Reason
from deemster.model.http import ApiCall, Headers
from deemster.policy.expressions.attribute_terms import (
    CheckedAttribute,
    CheckedBody,
    CheckedHeader,
    CheckedHttp,
    CheckedQuery,
    CheckedSql,
)
from deemster.policy.expressions.attribute_values import first_or_all
from deemster.policy.expressions.bodies import NO_BODY, BodyFailedError, body_document
from deemster.policy.expressions.environment import read_query
from deemster.policy.expressions.query import MalformedQueryError
from deemster.policy.expressions.request_targets import (
    UnsafeValueError,
    checked_text,
    header_value,
    path_and_query,
)
from deemster.policy.expressions.terms import Constant, Term
from deemster.policy.expressions.types import ListType
from deemster.policy.jsonpath import JsonPath, JsonPathLimitError
from deemster.policy.values import NeedsValues, Values

__all__ = ["UnreadableError", "body_source", "http_source", "sql_source", "text_source"]

_Source = Callable[[Values], tuple[object, str]]
_Reader = Callable[[Values], object]
_Scalar = str | int | bool


class UnreadableError(Exception):
    """A source gives no value. The message goes on a sentence that begins with the attribute."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


# --- fetched ------------------------------------------------------------------------------------


def http_source(id: str, source: CheckedHttp, reader_of: Callable[[Term], _Reader]) -> _Source:
    """The answer of a service, or NeedsValues for it."""
    path = _pieces(source.path, reader_of)
    headers = [(name, _pieces(template, reader_of)) for name, template in source.headers]

    def asked(values: Values) -> AttributeFetch:
        try:
            call = HttpCall(
                source.service,
                source.method,
                path_and_query([(text(values), is_value) for text, is_value in path]),
                tuple([(name, header_value(_joined(text, values))) for name, text in headers]),
            )
        except UnsafeValueError as unsafe:
            raise _not_asked(f"is not asked for: a value in its request {unsafe}") from None
        return AttributeFetch(id, call, source.timeout, source.cache)

    def http(values: Values) -> tuple[object, str]:
        answer = _answer(source, asked, values)
        return _selected(answer, source.select), answer.origin.value

    return http


def sql_source(
    attribute: CheckedAttribute, source: CheckedSql, reader_of: Callable[[Term], _Reader]
) -> _Source:
    """The rows of a query, or NeedsValues for them."""
    parameters = [(name, _parameter(template, reader_of)) for name, template in source.parameters]
    narrowing = attribute.narrowing
    is_list = narrowing is not None and isinstance(narrowing.type, ListType)
    is_document = narrowing is None

    def asked(values: Values) -> AttributeFetch:
        try:
            found = [(name, value(values)) for name, value in parameters]
        except UnsafeValueError as unsafe:
            raise _not_asked(f"is not asked for: a parameter {unsafe}") from None
        typed = tuple([(name, type(value).__name__, value) for name, value in found])
        call = SqlCall(source.query, typed)
        return AttributeFetch(attribute.id, call, source.timeout, source.cache)

    def sql(values: Values) -> tuple[object, str]:
        answer = _answer(source, asked, values)
        if source.select is not None:
            return _selected(answer, source.select), answer.origin.value
        if answer.is_value or (is_document and source.column is None):
            return answer.document, answer.origin.value
        return _of_column(answer.document, source.column, is_list=is_list), answer.origin.value

    return sql


def _answer(
    source: CheckedHttp | CheckedSql, asked: Callable[[Values], AttributeFetch], values: Values
) -> Fetched:
    memo = values.memo
    if memo is None:
        memo = values.memo = {}
    # What is asked for is the same in every round: all that it is made of was known in the first.
    fetch: AttributeFetch | None = memo.get(source)  # type: ignore[assignment]  # written here alone
    if fetch is None:
        fetch = memo[source] = asked(values)
    answer = values.attributes.get(fetch)
    if answer is None:
        raise NeedsValues(frozenset(), frozenset({fetch}))
    if isinstance(answer, FetchFailed):
        raise UnreadableError(
            Reason.DEPENDENCY_UNAVAILABLE, f"could not be fetched: {answer.detail}"
        )
    return answer


def _selected(answer: Fetched, path: JsonPath) -> object:
    if answer.is_value:
        return answer.document
    try:
        return first_or_all(path, answer.document)
    except JsonPathLimitError:
        raise UnreadableError(
            Reason.DEPENDENCY_UNAVAILABLE, "would look at too much of the answer"
        ) from None


def _of_column(rows: object, column: str | None, *, is_list: bool) -> object:
    if not isinstance(rows, list) or not rows:
        return None
    if not is_list and len(rows) > 1:
        raise UnreadableError(Reason.INDETERMINATE, "is one value, and the query gave several rows")
    cells = [_cell(row, column) for row in rows]
    return cells if is_list else cells[0]


def _cell(row: object, column: str | None) -> object:
    if isinstance(row, dict):
        if column is not None and column in row:
            return row[column]
        if column is None and len(row) == 1:
            return next(iter(row.values()))
    raise UnreadableError(
        Reason.INDETERMINATE,
        "is one column, and the query gave several" if column is None
        else f"is the column `{column}`, which the query did not give",
    )  # fmt: skip


# --- interpolated values ------------------------------------------------------------------------

_Piece = tuple[Callable[[Values], str], bool]


def _pieces(template: Iterable[str | Term], reader_of: Callable[[Term], _Reader]) -> list[_Piece]:
    return [
        (_text(piece), False) if isinstance(piece, str) else (_written(piece, reader_of), True)
        for piece in template
    ]


def _joined(pieces: list[_Piece], values: Values) -> str:
    return "".join([text(values) for text, _ in pieces])


def _text(text: str) -> Callable[[Values], str]:
    return lambda _: text


def _written(term: Term, reader_of: Callable[[Term], _Reader]) -> Callable[[Values], str]:
    read = _value(term, reader_of)

    def written(values: Values) -> str:
        value = read(values)
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else str(value)

    return written


def _parameter(
    template: tuple[str | Term, ...], reader_of: Callable[[Term], _Reader]
) -> Callable[[Values], _Scalar]:
    if len(template) == 1 and not isinstance(template[0], str):
        read = _value(template[0], reader_of)

        def alone(values: Values) -> _Scalar:
            value = read(values)
            return checked_text(value) if isinstance(value, str) else value

        return alone
    pieces = _pieces(template, reader_of)
    return lambda values: checked_text(_joined(pieces, values))


def _value(term: Term, reader_of: Callable[[Term], _Reader]) -> Callable[[Values], _Scalar]:
    # INVARIANT: the checker lets values of type string, int and bool through alone.
    if isinstance(term, Constant):
        constant: _Scalar = term.value  # type: ignore[assignment]
        return lambda _: constant
    read: Callable[[Values], _Scalar] = reader_of(term)  # type: ignore[assignment]

    def value(values: Values) -> _Scalar:
        try:
            return read(values)
        except EvaluationError as error:
            raise UnreadableError(error.reason, f"is not asked for: {error.message}") from None

    return value


def _not_asked(message: str) -> UnreadableError:
    return UnreadableError(Reason.INDETERMINATE, message)


# --- at hand ------------------------------------------------------------------------------------


def body_source(source: CheckedBody) -> _Source:
    """A part of the JSON body, which is read once a decision."""
    path = source.path

    def body(values: Values) -> tuple[object, str]:
        found = _document(values)
        if found is NO_BODY:
            return None, ""
        try:
            return first_or_all(path, found), ""
        except JsonPathLimitError:
            raise UnreadableError(
                Reason.BODY_UNAVAILABLE, "would look at too much of the body"
            ) from None

    return body


def _document(values: Values) -> object:
    memo = values.memo
    if memo is None:
        memo = values.memo = {}
    known = memo.get("body")
    if known is None:
        try:
            known = (body_document(values.call),)
        except BodyFailedError as failed:
            known = failed
        memo["body"] = known
    if isinstance(known, tuple):
        return known[0]
    raise UnreadableError(Reason.BODY_UNAVAILABLE, f"cannot be read: {known}")


def _headers_of(call: ApiCall) -> Headers:
    """Of the upstream's answer where there is one, as the body is."""
    return call.headers if call.response is None else call.response.headers


def text_source(source: CheckedHeader | CheckedQuery) -> _Source:
    """Every value of a header field or of a parameter of the query, as a tuple."""
    if isinstance(source, CheckedHeader):
        header = source.header
        return lambda values: (_headers_of(values.call).get_all(header) or None, "")
    parameter = source.parameter

    def query(values: Values) -> tuple[object, str]:
        try:
            return read_query(values).get(parameter), ""
        except MalformedQueryError as malformed:
            raise UnreadableError(Reason.INDETERMINATE, f"cannot be read: {malformed}") from None

    return query
