"""A path applied to a document: without recursion, and with a bound on what is looked at.

Documents are JSON as `model/strict_json` reads it. Order and duplicates are RFC 9535's: a node
that two selectors select is there twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deemster.policy.jsonpath.path import Index, JsonPath, Name, Segment, Selector, Slice

__all__ = ["MOST_VISITED", "JsonPathLimitError", "Location", "find", "locate", "normalised"]

MOST_VISITED = 200_000
"""Nodes that one application of a path may look at: `$..*..*` of a deep document has millions."""

Location = tuple[str | int, ...]
"""Member names and indices from the root: a normalised path (RFC 9535 2.7) before it is written."""

_Node = tuple[Location, object]


class JsonPathLimitError(Exception):
    """The path would look at more nodes of this document than anybody waits for."""


def find(path: JsonPath, document: object, *, most: int = MOST_VISITED) -> list[object]:
    """The values that the path selects, in order. Raises JsonPathLimitError."""
    if path.is_singular:
        return _single(path, document)
    return [value for _, value in _select(path, document, most)]


def locate(path: JsonPath, document: object, *, most: int = MOST_VISITED) -> list[Location]:
    """Where the selected values stand, in order. Raises JsonPathLimitError."""
    return [location for location, _ in _select(path, document, most)]


def normalised(location: Location) -> str:
    """`$['order']['lines'][0]` (RFC 9535 2.7)."""
    return "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f"['{_escaped(step)}']" for step in location
    )


def _single(path: JsonPath, document: object) -> list[object]:
    """The common case: one step after the other, and nothing to collect."""
    value = document
    for segment in path.segments:
        selector = segment.selectors[0]
        if isinstance(selector, Name):
            if not isinstance(value, dict) or selector.name not in value:
                return []
            value = value[selector.name]
        elif isinstance(selector, Index):
            if not isinstance(value, list) or not -len(value) <= selector.index < len(value):
                return []
            value = value[selector.index]
    return [value]


def _select(path: JsonPath, document: object, most: int) -> list[_Node]:
    nodes: list[_Node] = [((), document)]
    budget = _Budget(most)
    for segment in path.segments:
        nodes = list(_apply(segment, nodes, budget))
    return nodes


class _Budget:
    __slots__ = ("_left",)

    def __init__(self, most: int) -> None:
        self._left = most

    def spend(self, nodes: int = 1) -> None:
        self._left -= nodes
        if self._left < 0:
            raise JsonPathLimitError


def _apply(segment: Segment, nodes: Iterable[_Node], budget: _Budget) -> Iterator[_Node]:
    for node in nodes:
        for visited in _descendants(node, budget) if segment.descends else (node,):
            for selector in segment.selectors:
                budget.spend()
                for child in _children(selector, visited):
                    budget.spend()
                    yield child


def _descendants(node: _Node, budget: _Budget) -> Iterator[_Node]:
    """The node and all below it: parents before children, elements of an array in order.

    What is neither object nor array is left out: nothing can be selected from it.
    """
    waiting = [node]
    while waiting:
        location, value = waiting.pop()
        yield location, value
        if isinstance(value, dict):
            budget.spend(len(value))
            below = [
                ((*location, name), child)
                for name, child in value.items()
                if isinstance(child, dict | list)
            ]
        elif isinstance(value, list):
            budget.spend(len(value))
            below = [
                ((*location, index), child)
                for index, child in enumerate(value)
                if isinstance(child, dict | list)
            ]
        else:
            return
        below.reverse()
        waiting.extend(below)


def _children(selector: Selector, node: _Node) -> Iterator[_Node]:
    location, value = node
    if isinstance(value, dict):
        if isinstance(selector, Name):
            if selector.name in value:
                yield (*location, selector.name), value[selector.name]
        elif not isinstance(selector, Index | Slice):
            for name, child in value.items():
                yield (*location, name), child
    elif isinstance(value, list) and not isinstance(selector, Name):
        for index in _indices(selector, len(value)):
            yield (*location, index), value[index]


def _indices(selector: Selector, length: int) -> Iterable[int]:
    if isinstance(selector, Index):
        index = selector.index if selector.index >= 0 else selector.index + length
        return (index,) if 0 <= index < length else ()
    if isinstance(selector, Slice):
        # RFC 9535 2.3.4.2.2 is Python's own rule, but that a step of 0 selects nothing.
        if selector.step == 0:
            return ()
        return range(*slice(selector.start, selector.end, selector.step).indices(length))
    return range(length)


_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "'": "\\'", "\\": "\\\\"}


def _escaped(name: str) -> str:
    return "".join(
        _SHORT.get(character) or (character if character >= " " else f"\\u{ord(character):04x}")
        for character in name
    )
