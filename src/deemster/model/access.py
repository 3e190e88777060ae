"""The question of AuthZEN 1.0: may this subject do this to that resource (its section 5).

What the caller says of the three is data to be judged, in JSON values. It is never merged with
what is stored of them (policy-language section 12).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

__all__ = ["AccessRequest", "Action", "Resource", "Subject"]

_NOTHING: Mapping[str, object] = MappingProxyType({})


class Subject(msgspec.Struct, frozen=True, gc=False):
    """Who wants to; `properties` as the caller says. `repr` hides those, here and below."""

    type: str
    id: str
    properties: Mapping[str, object] = _NOTHING

    def __repr__(self) -> str:
        return f"Subject({self.type!r}, {self.id!r})"


class Action(msgspec.Struct, frozen=True, gc=False):
    """What they want to do. For the resource types `route` and `uri`, `name` is the method."""

    name: str
    properties: Mapping[str, object] = _NOTHING

    def __repr__(self) -> str:
        return f"Action({self.name!r})"


class Resource(msgspec.Struct, frozen=True, gc=False):
    """What they want to do it to. `id` is a path template for `route`, a URL for `uri`."""

    type: str
    id: str
    properties: Mapping[str, object] = _NOTHING

    def __repr__(self) -> str:
        return f"Resource({self.type!r}, {self.id!r})"


class AccessRequest(msgspec.Struct, frozen=True, gc=False):
    """One question; `context` is its surroundings (time, place, channel), as the caller says.

    Structs, as several of each are made for every question (decisions/0033).
    """

    subject: Subject
    action: Action
    resource: Resource
    context: Mapping[str, object] = _NOTHING

    def __repr__(self) -> str:
        return f"AccessRequest({self.subject!r}, {self.action!r}, {self.resource!r})"
