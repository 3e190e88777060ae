"""`attributes:` as parsed: what the author wrote of values that are read from a source.

Source: policy-language section 7. The counterpart of `tree` for this one part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.policy.expressions import ast
from deemster.policy.jsonpath import JsonPath
from deemster.policy.tree import Text

__all__ = [
    "AttributeDeclaration",
    "BodySource",
    "ConstantSource",
    "DerivedSource",
    "HeaderSource",
    "HttpSource",
    "QuerySource",
    "Source",
    "SqlSource",
    "ValueTemplate",
]


@dataclass(frozen=True, slots=True)
class ValueTemplate:
    """`/v1/score/{claims.sub}`: texts, and the dotted names whose values go between them."""

    pieces: tuple[str | ast.Expr, ...]
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class HttpSource:
    """`http: {…}`. `method` is `GET` or `POST`; times are in milliseconds, `cache` 0 is none."""

    service: Text
    method: str
    path: ValueTemplate
    headers: tuple[tuple[Text, ValueTemplate], ...]
    select: JsonPath
    timeout: int | None
    cache: int


@dataclass(frozen=True, slots=True)
class SqlSource:
    """`sql: {…}`, a query of the settings by its name. At most one of `column` and `select`."""

    query: Text
    parameters: tuple[tuple[Text, ValueTemplate], ...]
    column: str | None
    select: JsonPath | None
    timeout: int | None
    cache: int


@dataclass(frozen=True, slots=True)
class BodySource:
    """`body: "$.amount"`"""

    path: JsonPath


@dataclass(frozen=True, slots=True)
class HeaderSource:
    """`header: x-tenant`, lower-case."""

    header: str


@dataclass(frozen=True, slots=True)
class QuerySource:
    """`query: page`"""

    parameter: str


@dataclass(frozen=True, slots=True)
class ConstantSource:
    """`constant: v`, a value of the declared type."""

    value: object


@dataclass(frozen=True, slots=True)
class DerivedSource:
    """`attribute: {name: profile, select: "$.tier"}`; the name as written, `std.profile` too."""

    attribute: Text
    select: JsonPath


Source = (
    HttpSource
    | SqlSource
    | BodySource
    | HeaderSource
    | QuerySource
    | ConstantSource
    | DerivedSource
)


@dataclass(frozen=True, slots=True)
class AttributeDeclaration:
    """One entry of `attributes:`.

    `type` is `json` or a type of a schema declaration (`tree.Declaration`), and so are the members
    that narrow it. `substitute` is what `onError: {value: v}` gives, of the type, None for
    `indeterminate`.
    """

    name: Text
    type: str
    optional: bool
    has_default: bool
    default: object
    enum: tuple[object, ...] | None
    minimum: int | None
    maximum: int | None
    source: Source
    substitute: object
    span: SourceSpan
