"""Names that use each other in a circle: of conditions, and of attributes.

Imports have no cycles, so a circle lies within one file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from deemster.model.source import SourceSpan

__all__ = ["Circles", "Use", "find_circles"]

Use = tuple[str, SourceSpan]
"""A name and where it is used."""


@dataclass(frozen=True, slots=True)
class Circles:
    """`found`: each circle once, with the use that closes it. `order`: what is used comes first."""

    found: tuple[tuple[tuple[str, ...], SourceSpan], ...]
    order: tuple[str, ...]

    @property
    def members(self) -> frozenset[str]:
        """Every name in a circle."""
        return frozenset().union(*(names for names, _ in self.found))


def find_circles(names: Iterable[str], uses: Callable[[str], Iterator[Use]]) -> Circles:
    """`uses` gives what a name uses among `names`. Without recursion: they may be many."""
    found: list[tuple[tuple[str, ...], SourceSpan]] = []
    finished: dict[str, None] = {}
    for root in names:
        walk = [(root, uses(root))]
        on_way = {root: None}
        while walk and root not in finished:
            name, following = walk[-1]
            step = next((use for use in following if use[0] not in finished), None)
            if step is None:
                walk.pop()
                del on_way[name]
                finished[name] = None
            elif step[0] in on_way:
                way = [*on_way]
                found.append((tuple(way[way.index(step[0]) :]), step[1]))
            else:
                walk.append((step[0], uses(step[0])))
                on_way[step[0]] = None
    return Circles(tuple(found), tuple(finished))
