"""Which templates of a service are broader than a given one and share a path with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deemster.model.urls import PathFeature
from deemster.policy.routing.route_trie import ByMethod, Leaf, Node, Route
from deemster.policy.routing.routed import RoutedService, RoutedTemplate
from deemster.policy.routing.templates import Literal, Parameter, Rank, Segment, rank_of
from deemster.policy.routing.witnesses import SegmentWitnesses

__all__ = ["Choices", "Crossings", "ServiceTrie"]

VISIT_LIMIT = 1_000_000
"""Nodes visited for one service."""

Choices = tuple[tuple[str, ...], ...]
"""Decoded segments of paths: at each position, one of these."""

Crossing = tuple[RoutedTemplate, Choices]

_ANYTHING = Parameter(None, None)
_EVERY = ""  # no method


class ServiceTrie:
    """A service's templates, with what is known below each node."""

    def __init__(
        self,
        service: RoutedService,
        routes: Sequence[Route[RoutedTemplate]],
        witnesses: SegmentWitnesses,
    ) -> None:
        self.fold_case = service.fold_case
        self.witnesses = witnesses
        self.root: Node[RoutedTemplate] = Node()
        for route in routes:
            segments = service.segments(route.template)
            node = self.root
            for segment in segments:
                node = node.child(segment, fold_case=service.fold_case)
            ends = node.rest if route.template.rest else node.end
            ends.add(route.methods, Leaf(route, segments))
        # What a `**` may stand for: longer than any other template reaches, and all below that,
        # each with a trailing slash too. One of them escapes whatever takes the others.
        longest = max((len(route.template.segments) for route in routes), default=0)
        plain = [((witnesses.fresh,),) * count for count in (1, 0, *range(2, longest + 2))]
        self.tails: tuple[Choices, ...] = (*plain, *[(*tail, ("",)) for tail in plain])
        if PathFeature.EMPTY_SEGMENTS in service.openings:
            # An empty segment inside is matched by `**` alone.
            self.tails = (*self.tails, (("",), (witnesses.fresh,)))
        self._visits = 0
        self._below: dict[int, frozenset[str]] = {}
        self._collect_below(self.root)

    @property
    def exhausted(self) -> bool:
        """Whether VISIT_LIMIT was reached, so that some crossings may not have been seen."""
        return self._visits > VISIT_LIMIT

    def grants_beyond(self, node: Node[RoutedTemplate], listed: frozenset[str]) -> bool:
        """Whether anything at or below a node is for another method than these."""
        self._visits += 1
        return not self.exhausted and not self._below[id(node)] <= listed

    def _collect_below(self, node: Node[RoutedTemplate]) -> frozenset[str]:
        methods = {*node.end.listed, *node.rest.listed}
        if node.end.every is not None or node.rest.every is not None:
            methods.add(_EVERY)
        for child in node.children():
            methods.update(self._collect_below(child))
        self._below[id(node)] = frozenset(methods)
        return self._below[id(node)]


class Crossings:
    """The crossings of one narrow template, found by walking the trie along it.

    `diverged`: the walk took a broader turn somewhere to the left, so that from there on
    whatever fits is broader. Subtrees for the narrow operation's own methods are passed over.
    """

    def __init__(
        self, trie: ServiceTrie, narrow: RoutedTemplate, segments: tuple[Segment, ...]
    ) -> None:
        self._trie = trie
        self._segments = segments
        self._rest = narrow.template.rest
        self._listed = frozenset(narrow.operation.methods or ())
        self._tails: tuple[Choices, ...] = trie.tails if self._rest else ((),)

    def __iter__(self) -> Iterator[Crossing]:
        """(broader template, segments of paths that both match)."""
        return self._from(self._trie.root, (), diverged=False)

    def _from(
        self, node: Node[RoutedTemplate], path: Choices, *, diverged: bool
    ) -> Iterator[Crossing]:
        if not self._trie.grants_beyond(node, self._listed):
            return
        ahead = self._segments[len(path) :]
        if diverged or ahead or not self._rest:
            yield from self._into_rest(node, path, ahead)
        if ahead:
            yield from self._along(node, path, ahead[0], diverged=diverged)
        elif diverged:
            yield from ((entry, path) for entry in _entries(node.end))
            if self._rest:
                yield from self._trailing_slash(node, path)
                yield from self._along(node, path, _ANYTHING, diverged=True)

    def _into_rest(
        self, node: Node[RoutedTemplate], path: Choices, ahead: Sequence[Segment]
    ) -> Iterator[Crossing]:
        """A `**` here takes in all that is ahead."""
        entries = _entries(node.rest)
        if not entries:
            return
        taken = tuple(self._trie.witnesses.alternatives(segment, segment) for segment in ahead)
        for tail in self._tails:
            yield from ((entry, (*path, *taken, *tail)) for entry in entries)

    def _along(
        self, node: Node[RoutedTemplate], path: Choices, segment: Segment, *, diverged: bool
    ) -> Iterator[Crossing]:
        rank = rank_of((segment,), rest=False)[0]
        for their_rank, theirs, child in self._children(node, segment):
            if their_rank < rank and not diverged:
                continue  # narrower than the narrow one
            texts = self._trie.witnesses.alternatives(segment, theirs)
            if texts:
                turned = diverged or their_rank > rank
                yield from self._from(child, (*path, texts), diverged=turned)

    def _trailing_slash(self, node: Node[RoutedTemplate], path: Choices) -> Iterator[Crossing]:
        """The one empty segment that a `**` takes in and no parameter does."""
        child = node.literal(Literal(""), fold_case=False)
        if child is not None:
            yield from self._from(child, (*path, ("",)), diverged=True)

    def _children(
        self, node: Node[RoutedTemplate], segment: Segment
    ) -> Iterator[tuple[Rank, Segment, Node[RoutedTemplate]]]:
        if isinstance(segment, Literal):
            child = node.literal(segment, fold_case=self._trie.fold_case)
            if child is not None:
                yield Rank.LITERAL, segment, child
        else:
            for text, child in node.literals.items():
                yield Rank.LITERAL, Literal(text), child
        for constraint, _, child in node.constrained:
            yield Rank.CONSTRAINED, Parameter(None, constraint), child
        if node.open is not None:
            yield Rank.OPEN, _ANYTHING, node.open


def _entries(ends: ByMethod[RoutedTemplate]) -> list[RoutedTemplate]:
    leaves = [*ends.listed.values(), *([] if ends.every is None else [ends.every])]
    return list({id(leaf): leaf.value for leaf in leaves}.values())
