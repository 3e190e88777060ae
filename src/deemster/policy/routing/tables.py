"""From a canonical URL to the API service, and from method and path to the operation.

Both tables are built once with a snapshot and never change. Neither remembers a path it was
asked for: those are the attacker's choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from deemster.model.urls import CanonicalUrl, MalformedUrlError, decode_segment, encode_segment
from deemster.policy.routing.ascii_case import ascii_lower
from deemster.policy.routing.route_trie import ByMethod, Leaf, Match, Node, Route
from deemster.policy.routing.templates import Literal, Segment, Template

__all__ = ["BaseUrlTable", "Match", "OperationTable", "Route"]

T = TypeVar("T")


class OperationTable(Generic[T]):
    """The operations of one API service as a trie over decoded segments.

    `match` visits each node at most once, so its worst case is bounded by the policy text and
    never by the path; the ordinary case is one step for each segment, however many operations
    there are. Two templates of equal rank that match one path are load errors (`overlaps`); a
    table that holds such still answers by the order of its routes.
    """

    __slots__ = ("_fold_case", "_fold_trailing_slash", "_root", "_static")

    def __init__(
        self,
        routes: Iterable[Route[T]],
        *,
        fold_trailing_slash: bool = False,
        fold_case: bool = False,
    ) -> None:
        self._fold_trailing_slash = fold_trailing_slash
        self._fold_case = fold_case
        self._root: Node[T] = Node()
        # Templates without parameters by their path in canonical spelling: a literal at every
        # position outranks whatever else matches, so a hit here needs no walk.
        self._static: dict[str, ByMethod[T]] = {}
        for route in routes:
            self._add(route)

    def match(self, method: str, path: str) -> Match[T] | None:
        """The most specific operation that matches both, or None.

        `path` is canonical, relative to the base URL and starts with `/`; its segments are
        compared percent-decoded once. A path that is not UTF-8 matches nothing.
        """
        static = self._static.get(path)
        if static is not None:
            found = static.listed.get(method) or static.every
            if found is not None and found.match is not None:
                return found.match
        segments = path.split("/")
        if "%" in path:
            try:
                segments = [decode_segment(segment) for segment in segments]
            except MalformedUrlError:
                return None
        # What follows an empty segment is no trailing slash: `//` is not the bare base URL.
        if self._fold_trailing_slash and len(segments) > 2 and not segments[-1] and segments[-2]:
            del segments[-1]
        keys = [ascii_lower(segment) for segment in segments] if self._fold_case else segments
        found = _search(self._root, 1, keys, segments, method)
        return None if found is None else found.matched(segments)

    def _add(self, route: Route[T]) -> None:
        segments = self._folded(route.template)
        leaf = Leaf(route, segments)
        node = self._root
        for segment in segments:
            node = node.child(segment, fold_case=self._fold_case)
        (node.rest if route.template.rest else node.end).add(route.methods, leaf)
        if leaf.match is not None and not route.template.rest:
            spelling = "".join(
                [f"/{encode_segment(part.text)}" for part in segments if isinstance(part, Literal)]
            )
            self._static.setdefault(spelling, ByMethod()).add(route.methods, leaf)

    def _folded(self, template: Template) -> tuple[Segment, ...]:
        return template.without_trailing_slash if self._fold_trailing_slash else template.segments


def _search(
    node: Node[T], index: int, keys: Sequence[str], segments: Sequence[str], method: str
) -> Leaf[T] | None:
    """The most specific leaf below `node`, in order of rank: the first found is the best.

    Depth is that of the trie (`templates.SEGMENT_LIMIT`), whatever the path.
    """
    if index == len(keys):
        end = node.end
        found = end.listed.get(method) or end.every
    else:
        found = None
        child = node.literals.get(keys[index])
        if child is not None:
            found = _search(child, index + 1, keys, segments, method)
        if found is None and segments[index]:
            if node.constrained:
                found = _search_constrained(node, index, keys, segments, method)
            if found is None and node.open is not None:
                found = _search(node.open, index + 1, keys, segments, method)
    if found is None:
        rest = node.rest
        found = rest.listed.get(method) or rest.every
    return found


def _search_constrained(
    node: Node[T], index: int, keys: Sequence[str], segments: Sequence[str], method: str
) -> Leaf[T] | None:
    # Constraints are of one rank, so what follows decides: every one that fits is searched and
    # the best of the results taken.
    best: Leaf[T] | None = None
    segment = segments[index]
    for _, accepts, child in node.constrained:
        found = _search(child, index + 1, keys, segments, method)
        # The pattern comes last: it costs more than the walk, and most walks end in nothing.
        if found is not None and (best is None or found.order < best.order) and accepts(segment):
            best = found
    return best


class BaseUrlTable(Generic[T]):
    """API services by base URL: the longest on whole segments decides alone."""

    __slots__ = ("_origins",)

    def __init__(self, entries: Iterable[tuple[CanonicalUrl, T]]) -> None:
        """`entries`: base URLs from `parse_base_url`. Of two equal ones the first stays."""
        self._origins: dict[str, _Prefix[T]] = {}
        for url, value in entries:
            prefix = self._origins.setdefault(url.origin, _Prefix())
            for segment in _prefix_segments(url.path):
                prefix = prefix.children.setdefault(segment, _Prefix())
            if not prefix.values:
                prefix.values = (value,)

    def find(self, url: CanonicalUrl) -> tuple[T, str] | None:
        """The service's value and the path relative to its base URL (`/` for the bare one).

        Openable octets are data here: `%2F` never ends a segment. Segments are compared decoded,
        so that no spelling (`%21` for `!`) slips to a shorter base URL. A URL with `refused` set
        is looked up like any other, to find the service that refuses it.
        """
        prefix = self._origins.get(url.origin)
        if prefix is None:
            return None
        path = url.path
        best: tuple[T, int] | None = (prefix.values[0], 0) if prefix.values else None
        start = 0
        while prefix.children and start < len(path):
            end = path.find("/", start + 1)
            if end < 0:
                end = len(path)
            child = prefix.children.get(_decoded(path[start + 1 : end]))
            if child is None:
                break
            prefix, start = child, end
            if prefix.values:
                best = (prefix.values[0], end)
        if best is None:
            return None
        value, consumed = best
        return value, path[consumed:] or "/"


class _Prefix(Generic[T]):
    __slots__ = ("children", "values")

    def __init__(self) -> None:
        self.children: dict[str, _Prefix[T]] = {}
        self.values: tuple[T, ...] = ()


def _prefix_segments(path: str) -> list[str]:
    return [] if path == "/" else [_decoded(segment) for segment in path[1:].split("/")]


def _decoded(segment: str) -> str:
    try:
        return decode_segment(segment)
    except MalformedUrlError:
        return segment
