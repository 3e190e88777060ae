"""Methods that leak: a broad operation grants what a more specific template was not asked about.

`GET /reports/{id}` beside `/reports/**` for every method: `DELETE /reports/7` is decided by the
broad one, which its author may never have meant. `alsoCovers: [that-id]` says that it is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.route_trie import ByMethod, Leaf, Node
from deemster.policy.routed import RoutedService, RoutedTemplate, operation_table
from deemster.policy.routing import OperationTable
from deemster.policy.templates import Literal, Parameter, Rank, Segment, rank_of
from deemster.policy.witnesses import SegmentWitnesses, path_of

__all__ = ["check_method_grants"]

VISIT_LIMIT = 1_000_000
"""Nodes visited for one service; what stays unvisited is told of."""

FINDING_LIMIT = 100
"""Pairs of operations reported for one service."""

_USUAL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def check_method_grants(
    service: RoutedService, witnesses: SegmentWitnesses, sink: DiagnosticSink
) -> None:
    """Report each broad operation that decides calls which a narrower one leaves out."""
    routing = _Routing(service, witnesses)
    leaks: dict[tuple[int, int], _Leak] = {}
    for route in service.routes():
        if route.methods is None:
            continue
        for broad, segments in _Crossings(routing, route.value).found():
            leak = routing.leak(route.value, broad, segments)
            if leak is not None:
                leaks.setdefault(leak.key, leak)
        if len(leaks) >= FINDING_LIMIT or routing.visits > VISIT_LIMIT:
            break
    for leak in leaks.values():
        leak.report(sink)
    if routing.visits > VISIT_LIMIT:
        sink.warning(
            Code.METHOD_LEAK,
            f"`{service.id}` has too many templates that cross for all of them to be looked at",
            service.operations[0].span,
        )


class _Leak:
    """One pair of operations, with the calls that show it."""

    def __init__(
        self, narrow: RoutedTemplate, broad: RoutedTemplate, methods: Sequence[str], path: str
    ) -> None:
        self.key = (id(broad.operation), id(narrow.operation))
        self._narrow = narrow
        self._broad = broad
        self._methods = methods
        self._path = path

    def report(self, sink: DiagnosticSink) -> None:
        narrow, broad = self._narrow, self._broad
        listed = ", ".join(narrow.operation.methods or ())
        granted = (
            f"every method but {listed}"
            if broad.operation.methods is None
            else ", ".join(self._methods)
        )
        sink.error(
            Code.METHOD_LEAK,
            f"`{broad.operation.id}` decides {granted} where `{narrow.operation.id}` matches "
            f"for {listed} only, `{self._methods[0]} {self._path}` for one",
            broad.template.span,
            help=f"list the methods that `{broad.operation.id}` is for, or say that it is meant: "
            f"`alsoCovers: [{narrow.operation.id}]`",
            notes=(Note(f"`{narrow.template.text}` stands here", narrow.template.span),),
        )


class _Routing:
    """One service's table, and its trie to walk in."""

    def __init__(self, service: RoutedService, witnesses: SegmentWitnesses) -> None:
        routes = list(service.routes())
        self.service = service
        self.witnesses = witnesses
        self.table: OperationTable[RoutedTemplate] = operation_table(service, routes)
        self.root: Node[RoutedTemplate] = Node()
        self.visits = 0
        named: set[str] = set()
        for route in routes:
            segments = service.segments(route.template)
            node = self.root
            for segment in segments:
                node = node.child(segment, fold_case=service.fold_case)
            (node.rest if route.template.rest else node.end).add(
                route.methods, Leaf(route, segments)
            )
            named.update(route.methods or ())
        self.methods = (*_USUAL_METHODS, *sorted(named.difference(_USUAL_METHODS)))
        self._below: dict[int, frozenset[str]] = {}
        self._collect_below(self.root)

    def leak(
        self, narrow: RoutedTemplate, broad: RoutedTemplate, segments: Sequence[str]
    ) -> _Leak | None:
        """The calls at these segments that `broad` decides and `narrow` leaves out."""
        if broad.operation is narrow.operation:
            return None
        if any(named.value == narrow.operation.id for named in broad.operation.also_covers):
            return None
        path = path_of(segments)
        listed = frozenset(narrow.operation.methods or ())
        methods = [
            method
            for method in broad.operation.methods or self.methods
            if method not in listed and self._decides(broad, method, path)
        ]
        return _Leak(narrow, broad, methods, path) if methods else None

    def grants_beyond(self, node: Node[RoutedTemplate], listed: frozenset[str]) -> bool:
        """Whether anything below a node is for another method than these."""
        self.visits += 1
        return self.visits <= VISIT_LIMIT and not self._below[id(node)] <= listed

    def _decides(self, broad: RoutedTemplate, method: str, path: str) -> bool:
        found = self.table.match(method, path)
        return found is not None and found.value is broad

    def _collect_below(self, node: Node[RoutedTemplate]) -> frozenset[str]:
        methods = {*node.end.listed, *node.rest.listed}
        if node.end.every is not None or node.rest.every is not None:
            methods.add(_EVERY)
        for child in node.children():
            methods.update(self._collect_below(child))
        self._below[id(node)] = frozenset(methods)
        return self._below[id(node)]


class _Crossings:
    """The templates broader than a given one that share a path with it.

    The trie is walked along the narrow template. `diverged`: the walk took a broader turn
    somewhere to the left, so from there on anything that fits is broader.
    """

    def __init__(self, routing: _Routing, narrow: RoutedTemplate) -> None:
        self._routing = routing
        self._witnesses = routing.witnesses
        self._segments = routing.service.segments(narrow.template)
        self._rest = narrow.template.rest
        self._listed = frozenset(narrow.operation.methods or ())

    def found(self) -> Iterator[tuple[RoutedTemplate, tuple[str, ...]]]:
        """(broader template, decoded segments of a path that both match)."""
        return self._from(self._routing.root, (), diverged=False)

    def _from(
        self, node: Node[RoutedTemplate], path: tuple[str, ...], *, diverged: bool
    ) -> Iterator[tuple[RoutedTemplate, tuple[str, ...]]]:
        if not self._routing.grants_beyond(node, self._listed):
            return
        ahead = self._segments[len(path) :]
        if diverged or ahead or not self._rest:
            tail = [self._witnesses.shared(segment, segment) for segment in ahead]
            texts = tuple(text for text in tail if isinstance(text, str))
            if len(texts) == len(tail):
                yield from ((entry, path + texts) for entry in _entries(node.rest))
        if not ahead:
            if diverged:
                yield from ((entry, path) for entry in _entries(node.end))
            if not (diverged and self._rest):
                return
            yield from self._trailing_slash(node, path)
        segment = ahead[0] if ahead else _ANYTHING
        for text, child, turned in self._children(node, segment, diverged=diverged):
            yield from self._from(child, (*path, text), diverged=turned)

    def _trailing_slash(
        self, node: Node[RoutedTemplate], path: tuple[str, ...]
    ) -> Iterator[tuple[RoutedTemplate, tuple[str, ...]]]:
        """The one empty segment that a `**` takes in and no parameter does."""
        child = node.literal(Literal(""), fold_case=False)
        if child is not None:
            yield from self._from(child, (*path, ""), diverged=True)

    def _children(
        self, node: Node[RoutedTemplate], segment: Segment, *, diverged: bool
    ) -> Iterator[tuple[str, Node[RoutedTemplate], bool]]:
        """(segment that fits both, child, whether the walk has diverged there)."""
        rank = rank_of((segment,), rest=False)[0]
        for their_rank, theirs, child in self._candidates(node, segment):
            if their_rank < rank and not diverged:
                continue  # narrower than the narrow one
            text = self._witnesses.shared(segment, theirs)
            if isinstance(text, str):
                yield text, child, diverged or their_rank > rank

    def _candidates(
        self, node: Node[RoutedTemplate], segment: Segment
    ) -> Iterator[tuple[Rank, Segment, Node[RoutedTemplate]]]:
        if isinstance(segment, Literal):
            child = node.literal(segment, fold_case=self._routing.service.fold_case)
            if child is not None:
                yield Rank.LITERAL, segment, child
        else:
            for text, child in node.literals.items():
                yield Rank.LITERAL, Literal(text), child
        for constraint, _, child in node.constrained:
            yield Rank.CONSTRAINED, Parameter(None, constraint), child
        if node.open is not None:
            yield Rank.OPEN, _ANYTHING, node.open


_ANYTHING = Parameter(None, None)
_EVERY = ""  # no method


def _entries(ends: ByMethod[RoutedTemplate]) -> list[RoutedTemplate]:
    leaves = [*ends.listed.values(), *([] if ends.every is None else [ends.every])]
    return list({id(leaf): leaf.value for leaf in leaves}.values())
