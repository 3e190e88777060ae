"""Readers of the upstream's answer."""

from __future__ import annotations

from collections.abc import Callable

from deemster.model.http import ApiResponse
from deemster.policy.expressions import failures
from deemster.policy.expressions.response_terms import ResponseHeaderRead, ResponseStatusRead
from deemster.policy.values import Values

__all__ = ["response_reader"]


def response_reader(
    read: ResponseStatusRead | ResponseHeaderRead,
) -> Callable[[Values], object]:
    """The function that reads a name below `response`. Raises EvaluationError where there is none.

    INVARIANT: the checker lets these names stand in the response phase alone.
    """
    name, span = read.name, read.span

    def answer(values: Values) -> ApiResponse:
        response = values.response
        if response is None:
            raise failures.absent(name, span)
        return response

    if isinstance(read, ResponseStatusRead):
        return lambda values: answer(values).status
    header = read.header
    return lambda values: answer(values).headers.get_all(header)
