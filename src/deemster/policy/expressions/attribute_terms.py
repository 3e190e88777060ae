"""Attributes after checking, and the term that reads one.

`attributes` makes them of declarations, `attribute_reading` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deemster.model.source import SourceSpan
from deemster.policy.expressions.types import ListType, Narrowing, Type
from deemster.policy.jsonpath import JsonPath

if TYPE_CHECKING:
    from deemster.policy.expressions.terms import Term

__all__ = [
    "AttributeRead",
    "CheckedAttribute",
    "CheckedBody",
    "CheckedConstant",
    "CheckedDerived",
    "CheckedHeader",
    "CheckedHttp",
    "CheckedQuery",
    "CheckedSource",
    "CheckedSql",
]


@dataclass(frozen=True, slots=True, eq=False)
class CheckedHttp:
    """`http:`; times in seconds, `timeout` None where none is written.

    Between the texts of a template are reads and constants of type string, int or bool.
    """

    service: str
    method: str
    path: tuple[str | Term, ...]
    headers: tuple[tuple[str, tuple[str | Term, ...]], ...]
    select: JsonPath
    timeout: float | None
    cache: float


@dataclass(frozen=True, slots=True, eq=False)
class CheckedSql:
    """`sql:`; times as above. At most one of `column` and `select`."""

    query: str
    parameters: tuple[tuple[str, tuple[str | Term, ...]], ...]
    column: str | None
    select: JsonPath | None
    timeout: float | None
    cache: float


@dataclass(frozen=True, slots=True)
class CheckedBody:
    """`body:`"""

    path: JsonPath


@dataclass(frozen=True, slots=True)
class CheckedHeader:
    """`header:`"""

    header: str


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """`query:`"""

    parameter: str


@dataclass(frozen=True, slots=True)
class CheckedConstant:
    """`constant:`"""

    value: object


@dataclass(frozen=True, slots=True, eq=False)
class CheckedDerived:
    """`attribute:`"""

    attribute: CheckedAttribute
    select: JsonPath


CheckedSource = (
    CheckedHttp
    | CheckedSql
    | CheckedBody
    | CheckedHeader
    | CheckedQuery
    | CheckedConstant
    | CheckedDerived
)


@dataclass(frozen=True, slots=True, eq=False)
class CheckedAttribute:
    """An attribute as one place of use sees it.

    `id` is `file#name` of its declaration: the same for every use. `narrowing` is None for a JSON
    document. `substitute` is what stands in for a failed fetch, None for nothing. `reads` are the
    dotted names that its source reads, through other attributes too; `identity` is the first of
    them below `claims` or `user`, with its place.
    """

    id: str
    narrowing: Narrowing | None
    optional: bool
    has_default: bool
    default: object
    substitute: object
    source: CheckedSource
    reads: frozenset[str]
    identity: tuple[str, SourceSpan] | None
    span: SourceSpan

    @property
    def can_fail(self) -> bool:
        """Whether reading it may be an error."""
        return not isinstance(self.source, CheckedConstant)

    @property
    def is_fetched(self) -> bool:
        """Whether somebody else must be asked for it."""
        return isinstance(self.source, CheckedHttp | CheckedSql)


_OPAQUE = Narrowing(ListType(None))
"""Of a JSON document, whose type nothing looks at."""


@dataclass(frozen=True, slots=True)
class AttributeRead:
    """`attr.x` or `alias.x`, `name` as written. One of a JSON document stands in `has()` alone."""

    name: str
    attribute: CheckedAttribute
    span: SourceSpan

    @property
    def narrowing(self) -> Narrowing:
        return self.attribute.narrowing or _OPAQUE

    @property
    def type(self) -> Type:
        return self.narrowing.type

    @property
    def optional(self) -> bool:
        return self.attribute.optional

    @property
    def has_default(self) -> bool:
        return self.attribute.has_default

    @property
    def declared_at(self) -> SourceSpan:
        return self.attribute.span
