"""A JSON document about a user ► groups, roles and attributes, by the paths of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["MemberPath", "MisfitError", "UserMapping", "attributes_in", "names_in"]


class MisfitError(Exception):
    """The document has not what the mapping expects. The message names members, never values."""


@dataclass(frozen=True, slots=True)
class MemberPath:
    """Where a value stands: member names from the outside in.

    `optional`: where nothing is there, there are no names; otherwise that is an error.
    """

    names: tuple[str, ...]
    optional: bool = False

    def __str__(self) -> str:
        return " ► ".join(self.names)


@dataclass(frozen=True, slots=True)
class UserMapping:
    """Which members say what; None: the document does not tell, so that reading is an error."""

    groups: MemberPath | None = None
    roles: MemberPath | None = None
    attributes: tuple[tuple[str, MemberPath], ...] = ()


def names_in(document: Mapping[str, object], path: MemberPath | None, part: str) -> frozenset[str]:
    """A list of strings. Raises MisfitError; an absent one is empty only where it is optional."""
    if path is None:
        raise MisfitError(f"`{part}` is not mapped")
    found = _value_at(document, path)
    if found is None:
        if path.optional:
            return frozenset()
        raise MisfitError(f"`{path}` is absent")
    # INVARIANT: a text is a sequence of texts to Python, and no list of names.
    if not isinstance(found[0], list) or not all(isinstance(name, str) for name in found[0]):
        raise MisfitError(f"`{path}` is not a list of strings")
    return frozenset(found[0])


def attributes_in(
    document: Mapping[str, object], paths: tuple[tuple[str, MemberPath], ...]
) -> dict[str, object]:
    """Those that are there; what policy says of an absent one is policy's. Raises MisfitError."""
    found: dict[str, object] = {}
    for name, path in paths:
        value = _value_at(document, path)
        if value is not None:
            found[name] = value[0]
    return found


def _value_at(document: Mapping[str, object], path: MemberPath) -> tuple[object] | None:
    value: object = document
    for depth, name in enumerate(path.names):
        if not isinstance(value, Mapping):
            raise MisfitError(f"`{MemberPath(path.names[:depth])}` is not an object")
        if name not in value:
            return None
        value = value[name]
    return (value,)
