"""Names that use each other in a circle: of conditions, and of attributes.

Imports have no cycles, so a circle lies within one file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from deemster.model.source import SourceSpan

__all__ = ["Circles", "Use", "find_circles", "shown_circle"]

Use = tuple[str, SourceSpan]
"""A name and where it is used."""

_MOST_TOLD = 100
_MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class Circles:
    """`members`: every name in a circle. `order`: what is used comes first.

    `found`: each circle once, up to a bound, as people read it and with the use that closes it.
    """

    found: tuple[tuple[str, SourceSpan], ...]
    members: frozenset[str]
    order: tuple[str, ...]


def find_circles(names: Iterable[str], uses: Callable[[str], Iterator[Use]]) -> Circles:
    """`uses` gives what a name uses among `names`. Without recursion: they may be many."""
    found: list[tuple[str, SourceSpan]] = []
    members: set[str] = set()
    finished: dict[str, None] = {}
    for root in names:
        walk = [(root, uses(root))]
        on_way = {root: 0}
        way = [root]
        while walk and root not in finished:
            name, following = walk[-1]
            step = next((use for use in following if use[0] not in finished), None)
            if step is None:
                walk.pop()
                way.pop()
                del on_way[name]
                finished[name] = None
            elif step[0] in on_way:
                # INVARIANT: every name of a circle is a member, told of or not: whoever follows
                # names that are no members comes to an end.
                circle = way[on_way[step[0]] :]
                members.update(circle)
                if len(found) < _MOST_TOLD:
                    found.append((shown_circle([*circle, step[0]]), step[1]))
            else:
                walk.append((step[0], uses(step[0])))
                on_way[step[0]] = len(way)
                way.append(step[0])
    return Circles(tuple(found), frozenset(members), tuple(finished))


def shown_circle(names: Sequence[str]) -> str:
    """`a ► b ► a`; of a long one the ends. The last name is the first again."""
    if len(names) <= _MOST_NAMES:
        return " ► ".join(names)
    half = _MOST_NAMES // 2
    more = len(names) - 2 * half
    return " ► ".join([*names[:half], f"… {more} more …", *names[-half:]])
