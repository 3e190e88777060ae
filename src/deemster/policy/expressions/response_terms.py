"""Names of the upstream's answer, in policies over it: `response.status`, `response.headers`."""

from __future__ import annotations

from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.policy.expressions.types import INT, LIST_OF_STRING, Type

__all__ = ["ResponseHeaderRead", "ResponseStatusRead"]


@dataclass(frozen=True, slots=True)
class ResponseStatusRead:
    """`response.status`."""

    span: SourceSpan
    name: str = "response.status"
    type: Type = INT


@dataclass(frozen=True, slots=True)
class ResponseHeaderRead:
    """`response.headers['x']`; `header` is lower-case."""

    name: str
    header: str
    span: SourceSpan
    type: Type = LIST_OF_STRING
