"""What a document may declare, as plain data: schema entries, attributes, statements.

A JSONPath is a tuple of steps: ("name", text), ("index", number), ("every",), ("slice", a, b) and
("below", step), which is `..`. A text with places for values is a tuple of texts and expressions
(`Parts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "UNSET",
    "Attribute",
    "Declared",
    "Expression",
    "JsonPath",
    "Parts",
    "Placed",
    "Scope",
    "Source",
    "Statement",
    "Value",
]

Value = Any
"""What an expression may be: text, numbers, truth, lists, addresses, an error; and JSON."""

Expression = tuple[Any, ...]
JsonPath = tuple[tuple[Any, ...], ...]
Parts = tuple[Any, ...]

UNSET = "unset: no default was written"


@dataclass(frozen=True)
class Declared:
    """One entry of a schema; `scope` is `claims` or `user`, or `attr` for an attribute's type."""

    scope: str
    name: str
    type: str
    optional: bool = False
    default: object = UNSET
    enum: tuple[object, ...] | None = None
    minimum: int | None = None
    maximum: int | None = None
    claim: str | None = None


@dataclass(frozen=True)
class Source:
    """Where an attribute comes from. `kind`: http, sql, body, header, query, constant, attribute.

    `name`: the attribute service, the named query, the header, the query parameter. `path`: of an
    HTTP service, parts with a leading slash. `parameters`: of a query, or headers for a service.
    `of`: (alias or None, name) of another attribute. `select` None: the whole.
    """

    kind: str
    name: str = ""
    path: Parts = ()
    parameters: Mapping[str, Parts] = field(default_factory=dict)
    select: JsonPath | None = None
    column: str | None = None
    of: tuple[str | None, str] = (None, "")
    value: object = None


@dataclass(frozen=True)
class Attribute:
    """`entry` has the type, and what holds if there is no value; `on_error` what if it failed."""

    entry: Declared
    source: Source
    on_error: object = UNSET


@dataclass(frozen=True)
class Placed:
    """A text of a payload with places for values."""

    parts: Parts


@dataclass(frozen=True)
class Statement:
    """`payload`: JSON with `Placed` among its texts; lists are tuples."""

    name: str
    code: str
    applies_to: str
    payload: Value
    obligatory: bool = False
    path_matches: bool = False


@dataclass(frozen=True)
class Scope:
    """What a document declares; `imports`: alias ► path from the root."""

    imports: Mapping[str, str] = field(default_factory=dict)
    schema: tuple[Declared, ...] = ()
    constants: Mapping[str, object] = field(default_factory=dict)
    conditions: Mapping[str, Expression] = field(default_factory=dict)
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    statements: Mapping[str, Statement] = field(default_factory=dict)
