"""Methods that leak: a broad operation grants what a more specific template was not asked about.

`GET /reports/{id}` beside `/reports/**` for every method: `DELETE /reports/7` is decided by the
broad one, which its author may never have meant. `alsoCovers: [that-id]` says that it is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, product

from deemster.model.openings import is_unambiguous
from deemster.model.urls import canonical_url
from deemster.policy.checking.crossings import Choices, Crossings, ServiceTrie
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.routing.route_trie import Route
from deemster.policy.routing.routed import RoutedOperation, RoutedService, RoutedTemplate
from deemster.policy.routing.tables import OperationTable
from deemster.policy.routing.witnesses import SegmentWitnesses, path_of

__all__ = ["check_method_grants"]

FINDING_LIMIT = 100
"""Pairs of operations reported for one service."""

PATH_LIMIT = 64
"""Paths tried for one pair of templates."""

_USUAL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def check_method_grants(
    service: RoutedService,
    routes: Sequence[Route[RoutedTemplate]],
    table: OperationTable[RoutedTemplate],
    witnesses: SegmentWitnesses,
    sink: DiagnosticSink,
) -> None:
    """Report each broad operation that decides calls which a narrower one leaves out.

    `table` is the service's own, made of `routes`.
    """
    search = _LeakSearch(service, routes, table, ServiceTrie(service, routes, witnesses))
    search.run()
    for leak in search.found.values():
        leak.report(sink)
    if search.trie.exhausted:
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
            notes=(Note(f"`{narrow.template.text}` stands", narrow.template.span),),
        )


class _LeakSearch:
    """Asks the table of decisions itself who decides where templates cross."""

    def __init__(
        self,
        service: RoutedService,
        routes: Sequence[Route[RoutedTemplate]],
        table: OperationTable[RoutedTemplate],
        trie: ServiceTrie,
    ) -> None:
        self._service = service
        self._routes = routes
        self._table = table
        self.trie = trie
        named = {method for route in routes for method in route.methods or ()}
        self._openings = service.openings
        self._methods = (*_USUAL_METHODS, *sorted(named.difference(_USUAL_METHODS)))
        self.found: dict[tuple[str, str], _Leak] = {}

    def run(self) -> None:
        """Fill `found`, up to FINDING_LIMIT."""
        for route in self._routes:
            if route.methods is None:
                continue  # it leaves no method out
            narrow = route.value
            for broad, choices in Crossings(
                self.trie, narrow, self._service.segments(narrow.template)
            ):
                self._look(narrow, broad, choices)
            if len(self.found) >= FINDING_LIMIT:
                return

    def _look(self, narrow: RoutedTemplate, broad: RoutedTemplate, choices: Choices) -> None:
        pair = (broad.operation.id, narrow.operation.id)
        if pair in self.found or _is_meant(broad.operation, narrow.operation):
            return
        listed = frozenset(narrow.operation.methods or ())
        candidates = [
            method for method in broad.operation.methods or self._methods if method not in listed
        ]
        for segments in islice(product(*choices), PATH_LIMIT if candidates else 0):
            path = path_of(segments)
            methods = [method for method in candidates if self._decides(broad, method, path)]
            if methods and self._is_judged(broad, path):
                self.found[pair] = _Leak(narrow, broad, methods, path)
                return

    def _decides(self, broad: RoutedTemplate, method: str, path: str) -> bool:
        found = self._table.match(method, path)
        return found is not None and found.value is broad

    def _is_judged(self, broad: RoutedTemplate, path: str) -> bool:
        """Whether what occurs in a path beyond the plain is opened where it leads."""
        url = canonical_url(f"https://host{path}")
        return not self._openings or is_unambiguous(url, broad.operation.opened)


def _is_meant(broad: RoutedOperation, narrow: RoutedOperation) -> bool:
    return broad is narrow or any(named.value == narrow.id for named in broad.also_covers)
