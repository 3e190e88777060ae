"""Templates as a trie over decoded segments: children by kind, leaves by method."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from deemster.policy.routing.ascii_case import ascii_lower
from deemster.policy.routing.constraints import Constraint
from deemster.policy.routing.templates import Literal, Segment, Template, rank_of

__all__ = ["ByMethod", "Leaf", "Match", "Node", "Route"]

T = TypeVar("T")

_NO_PARAMS: Mapping[str, str | int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Route(Generic[T]):
    """One template of one operation. `methods` None means every method."""

    template: Template
    methods: Sequence[str] | None
    value: T


class Match(NamedTuple, Generic[T]):
    """The operation of a call. `params`: decoded once; an int under `type: int`."""

    value: T
    params: Mapping[str, str | int]


class Leaf(Generic[T]):
    """What is known of a route where its template ends."""

    __slots__ = ("_captures", "match", "order", "value")

    def __init__(self, route: Route[T], segments: tuple[Segment, ...]) -> None:
        self.value = route.value
        # The template's rank, then "a listed method beats every-method".
        rank = rank_of(segments, rest=route.template.rest)
        self.order = (*rank, 0 if route.methods is not None else 1)
        # (index into the path's split, name, is an int)
        self._captures = tuple(
            [
                (index, segment.name, segment.constraint is not None and segment.constraint.is_int)
                for index, segment in enumerate(segments, 1)
                if not isinstance(segment, Literal) and segment.name is not None
            ]
        )
        static = all(isinstance(segment, Literal) for segment in segments)
        self.match = Match(route.value, _NO_PARAMS) if static else None

    def matched(self, segments: Sequence[str]) -> Match[T]:
        """The answer, with the parameters taken from the decoded path."""
        if self.match is not None:
            return self.match
        params: dict[str, str | int] = {}
        for index, name, is_int in self._captures:
            params[name] = int(segments[index]) if is_int else segments[index]
        return Match(self.value, params)


class ByMethod(Generic[T]):
    """Leaves of equal templates by method."""

    __slots__ = ("every", "listed")

    def __init__(self) -> None:
        self.listed: dict[str, Leaf[T]] = {}
        self.every: Leaf[T] | None = None

    def add(self, methods: Sequence[str] | None, leaf: Leaf[T]) -> None:
        """The first of two equals stays; having two is a load error."""
        if methods is None:
            self.every = self.every or leaf
            return
        for method in methods:
            self.listed.setdefault(method, leaf)


class Node(Generic[T]):
    """One position of the trie: children by kind, and what ends here."""

    __slots__ = ("constrained", "end", "literals", "open", "rest")

    def __init__(self) -> None:
        self.literals: dict[str, Node[T]] = {}
        self.constrained: list[tuple[Constraint, Callable[[str], object], Node[T]]] = []
        self.open: Node[T] | None = None
        self.end: ByMethod[T] = ByMethod()
        self.rest: ByMethod[T] = ByMethod()

    def literal(self, segment: Literal, *, fold_case: bool) -> Node[T] | None:
        """The node behind a literal, or None."""
        return self.literals.get(_key(segment, fold_case=fold_case))

    def children(self) -> Iterator[Node[T]]:
        """Every node one segment on."""
        yield from self.literals.values()
        for _, _, node in self.constrained:
            yield node
        if self.open is not None:
            yield self.open

    def child(self, segment: Segment, *, fold_case: bool) -> Node[T]:
        """The node behind a segment, made where there is none yet."""
        if isinstance(segment, Literal):
            return self.literals.setdefault(_key(segment, fold_case=fold_case), Node())
        if segment.constraint is None:
            self.open = self.open or Node()
            return self.open
        for constraint, _, node in self.constrained:
            if constraint == segment.constraint:
                return node
        added: Node[T] = Node()
        self.constrained.append((segment.constraint, segment.constraint.accepts, added))
        return added


def _key(segment: Literal, *, fold_case: bool) -> str:
    return ascii_lower(segment.text) if fold_case else segment.text
