"""Readers of what surrounds the token: the request, its address, and the time of day."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deemster.model.http import HEADERS_NOT_KNOWN
from deemster.model.source import SourceSpan
from deemster.policy.expressions import failures
from deemster.policy.expressions.local_clock import LocalClock
from deemster.policy.expressions.networks import Address, canonical_address, parse_address
from deemster.policy.expressions.query import MalformedQueryError, query_parameters
from deemster.policy.expressions.terms import (
    HeaderRead,
    LocalTimeRead,
    QueryRead,
    RequestField,
    RequestRead,
)
from deemster.policy.values import Values

__all__ = ["read_address", "read_query", "request_presence", "request_reader"]

Reader = Callable[[Values], object]


def request_reader(read: RequestRead | HeaderRead | QueryRead | LocalTimeRead) -> Reader:
    """The function that reads a name that no token and no directory has a part in."""
    if isinstance(read, HeaderRead):
        header = read.header
        if read.is_sealed:
            return _sealed_header_reader(read)
        return lambda values: values.call.headers.get_all(header)
    if isinstance(read, QueryRead):
        return _query_reader(read)
    if isinstance(read, LocalTimeRead):
        return _local_time_reader(read)
    if read.field is RequestField.IP:
        return _ip_reader(read)
    return _FIELDS[read.field]


def _sealed_header_reader(read: HeaderRead) -> Reader:
    name, header, span = read.name, read.header, read.span

    def values_of(values: Values) -> object:
        headers = values.call.headers
        if headers is HEADERS_NOT_KNOWN:
            # Nobody kept them, which is not the same as that there were none.
            raise failures.not_kept(name, span)
        return headers.get_all(header)

    return values_of


def request_presence(read: RequestRead) -> Callable[[Values], bool]:
    """`has(request.x)`: all but `ip` are always there."""
    if read.field is not RequestField.IP:
        # A question of AuthZEN names no call: then the reader says so.
        reader = _FIELDS[read.field]
        return lambda values: reader(values) is not None

    def present(values: Values) -> bool:
        if values.call.client_ip is None:
            if values.call.headers is HEADERS_NOT_KNOWN:
                raise failures.not_kept(read.name, read.span)
            return False
        read_address(values, read.span)
        return True

    return present


_FIELDS: dict[RequestField, Reader] = {
    RequestField.METHOD: lambda values: values.call.method,
    RequestField.SCHEME: lambda values: values.url.scheme,
    RequestField.HOST: lambda values: values.url.host,
    RequestField.PATH: lambda values: values.url.path,
    RequestField.RELATIVE_PATH: lambda values: values.relative_path,
    RequestField.TIME: lambda values: values.now,
}


def read_address(values: Values, span: SourceSpan) -> Address:
    """The client's address; parsed once a decision. Raises EvaluationError."""
    address = values.address
    if address is None:
        text = values.call.client_ip
        if text is None:
            raise failures.absent("request.ip", span)
        address = parse_address(text)
        if address is None:
            raise failures.not_usable("`request.ip` is not an IP address", span)
        values.address = address
    return address


def _ip_reader(read: RequestRead) -> Reader:
    span = read.span
    return lambda values: canonical_address(read_address(values, span))


def _query_reader(read: QueryRead) -> Reader:
    wanted, name, span = read.parameter, read.name, read.span

    def query(values: Values) -> object:
        try:
            return read_query(values).get(wanted, ())
        except MalformedQueryError as malformed:
            raise failures.not_usable(f"`{name}`: {malformed}", span) from None

    return query


def read_query(values: Values) -> Mapping[str, tuple[str, ...]]:
    """The query's parameters; read once a decision. Raises MalformedQueryError."""
    memo = _memo_of(values)
    found = memo.get("request.query")
    if found is None:
        found = memo["request.query"] = query_parameters(values.url.query)
    return found  # type: ignore[return-value]  # only this function writes that key


def _local_time_reader(read: LocalTimeRead) -> Reader:
    shown, span = LocalClock(read.zone, read.field).at, read.span

    def local_time(values: Values) -> object:
        try:
            return shown(values.now)
        except (OverflowError, ValueError, OSError):
            raise failures.not_usable("the time has no local form", span) from None

    return local_time


def _memo_of(values: Values) -> dict[object, object]:
    memo = values.memo
    if memo is None:
        memo = values.memo = {}
    return memo
