"""What the load-time checks of routing look at: services and operations without their grants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.model.urls import CanonicalUrl, PathFeature
from deemster.policy.routing.route_trie import Route
from deemster.policy.routing.tables import OperationTable
from deemster.policy.routing.templates import Segment, Template
from deemster.policy.tree import Text

__all__ = ["RoutedOperation", "RoutedService", "RoutedTemplate", "operation_table"]


@dataclass(frozen=True, slots=True)
class RoutedOperation:
    """An HTTP operation. `methods` None means every method; `span` is where it is told of.

    `opened`: what occurs in its paths and counts as data, its service's openings included.
    """

    id: str
    methods: tuple[str, ...] | None
    templates: tuple[Template, ...]
    also_covers: tuple[Text, ...]
    span: SourceSpan
    opened: frozenset[PathFeature] = frozenset()


@dataclass(frozen=True, slots=True)
class RoutedService:
    """An API service. `base_urls`: as parsed by `parse_base_url`, with the text as written."""

    id: str
    base_urls: tuple[tuple[CanonicalUrl, Text], ...]
    operations: tuple[RoutedOperation, ...]
    fold_trailing_slash: bool = False
    fold_case: bool = False

    def routes(self) -> Iterator[Route[RoutedTemplate]]:
        """Every template, with its operation as the value."""
        for operation in self.operations:
            for template in operation.templates:
                yield Route(template, operation.methods, RoutedTemplate(operation, template))

    @property
    def openings(self) -> frozenset[PathFeature]:
        """All that some operation may be asked with."""
        return frozenset().union(*(operation.opened for operation in self.operations))

    def segments(self, template: Template) -> tuple[Segment, ...]:
        """A template's segments as the operation table sees them."""
        return template.without_trailing_slash if self.fold_trailing_slash else template.segments


@dataclass(frozen=True, slots=True, eq=False)
class RoutedTemplate:
    """One template of one operation: equal to itself alone, however alike two are."""

    operation: RoutedOperation
    template: Template


def operation_table(
    service: RoutedService, routes: Sequence[Route[RoutedTemplate]]
) -> OperationTable[RoutedTemplate]:
    """The very table that decisions use: what the checks say of a path is what happens to it."""
    return OperationTable(
        routes, fold_trailing_slash=service.fold_trailing_slash, fold_case=service.fold_case
    )
