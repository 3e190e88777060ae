"""The names of one kind that a file can use: its own, and its imports' as `alias.name`.

Imported names are looked up and never copied: a Library that a thousand files import exists once,
under however many aliases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

__all__ = ["VisibleNames"]

T = TypeVar("T")


class VisibleNames(Mapping[str, T]):
    """`own` may still be filled; `imported` has the own names of each Library by alias."""

    __slots__ = ("_imported", "own")

    def __init__(self, imported: Mapping[str, VisibleNames[T]]) -> None:
        self.own: dict[str, T] = {}
        self._imported = imported

    def __getitem__(self, name: str) -> T:
        if name in self.own:
            return self.own[name]
        alias, dot, member = name.partition(".")
        library = self._imported.get(alias) if dot else None
        if library is None:
            raise KeyError(name)
        return library.own[member]

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        for alias, library in self._imported.items():
            for member in library.own:
                yield f"{alias}.{member}"

    def __len__(self) -> int:
        return len(self.own) + sum(len(library.own) for library in self._imported.values())
