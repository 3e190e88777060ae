"""How a protocol says what is asked and answered at a path, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

__all__ = [
    "ANY_METHOD",
    "Answered",
    "ArrayIn",
    "Asked",
    "DeniedBody",
    "ErrorBody",
    "MissingMember",
    "OneOf",
    "Operation",
    "Parameter",
    "Shape",
    "errors",
]


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several shapes, which msgspec could not tell apart."""

    shapes: Sequence[Shape]


@dataclass(frozen=True, slots=True)
class ArrayIn:
    """An object with one member, an array of shapes."""

    member: str
    item: Shape


Shape = object
"""A type that msgspec knows (a Struct, mostly), or one of the two above."""

ANY_METHOD = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""Every method that OpenAPI has a word for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A part of the path, of the query, or a header field; `schema` is JSON Schema."""

    name: str
    place: Literal["path", "query", "header"]
    description: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A body that is sent, by its media type."""

    media_type: str
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer: `shape` None means an empty body. `headers` by name, with what they say."""

    description: str
    shape: Shape | None = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method does at one path template.

    `protocol` is whom a gateway has to be for it (`gateways[].protocols`), None for everybody.
    """

    id: str
    method: str
    path: str
    summary: str
    protocol: str | None
    answers: Mapping[int, Answered]
    asked: Sequence[Asked] = ()
    parameters: Sequence[Parameter] = ()


class ErrorBody(msgspec.Struct):
    """Told to a gateway that asked wrongly; `id` is in the service log."""

    code: str
    message: str
    id: str


class MissingMember(msgspec.Struct, omit_defaults=True):
    """What would have sufficed, of one kind."""

    kind: Literal["scopes", "groups", "permissions", "acr", "maxAge"]
    any: list[str] = []
    all: list[str] = []
    seconds: int | None = None


class DeniedBody(msgspec.Struct):
    """A deny as the end user is told it; `missing` where the API service discloses it."""

    code: str
    message: str
    id: str
    missing: list[MissingMember] | msgspec.UnsetType = msgspec.UNSET


_WHY = {
    400: "Malformed: what was asked is no question of this protocol",
    401: "The gateway is not authenticated, or does not have this protocol",
    403: "The gateway is not authenticated, or does not have this protocol",
    404: "Not served here",
    405: "Another method is meant",
    413: "The body exceeds `limits.body`",
}


def errors(*statuses: int, shape: Shape = ErrorBody) -> dict[int, Answered]:
    """The protocol's own answers to a gateway that asked wrongly."""
    return {status: Answered(description=_WHY[status], shape=shape) for status in statuses}
