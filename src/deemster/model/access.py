"""The question of AuthZEN 1.0: may this subject do this to that resource (its section 5).

What the caller says of the three is data to be judged, in JSON values. It is never merged with
what is stored of them (policy-language section 12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["AccessRequest", "Action", "Resource", "Subject"]


def _nothing() -> Mapping[str, object]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Subject:
    """Who wants to; `properties` as the caller says."""

    type: str
    id: str
    properties: Mapping[str, object] = field(default_factory=_nothing, repr=False)


@dataclass(frozen=True, slots=True)
class Action:
    """What they want to do. For the resource types `route` and `uri`, `name` is the method."""

    name: str
    properties: Mapping[str, object] = field(default_factory=_nothing, repr=False)


@dataclass(frozen=True, slots=True)
class Resource:
    """What they want to do it to. `id` is a path template for `route`, a URL for `uri`."""

    type: str
    id: str
    properties: Mapping[str, object] = field(default_factory=_nothing, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """One question; `context` is its surroundings (time, place, channel), as the caller says."""

    subject: Subject
    action: Action
    resource: Resource
    context: Mapping[str, object] = field(default_factory=_nothing, repr=False)
