"""One service as decisions route it, for analyses that ask who would decide a call."""

from __future__ import annotations

from deemster.model.urls import PathFeature
from deemster.policy.resolved import ResolvedOperation, ResolvedService
from deemster.policy.routing.routed import (
    RoutedOperation,
    RoutedService,
    RoutedTemplate,
    operation_table,
)
from deemster.policy.routing.witnesses import SegmentWitnesses

__all__ = ["RoutedView"]


class RoutedView:
    """`table` answers as the service's own does; `resolved` are the operations by id."""

    def __init__(self, service: ResolvedService) -> None:
        self.resolved = {
            operation.operation.id.value: operation for operation in service.operations
        }
        self.routed = _routed(service)
        routes = list(self.routed.routes())
        self.templates: list[RoutedTemplate] = [route.value for route in routes]
        self.table = operation_table(self.routed, routes)
        self.witnesses = SegmentWitnesses(
            [route.template for route in routes],
            fold_case=self.routed.fold_case,
            opened=self.routed.openings,
        )


def _routed(service: ResolvedService) -> RoutedService:
    block = service.document.service
    return RoutedService(
        id=service.document.metadata.id.value,
        base_urls=(),
        operations=tuple(
            _operation(operation, block.opened)
            for operation in service.operations
            if operation.operation.access is None
        ),
        fold_trailing_slash=block.fold_trailing_slash,
        fold_case=block.fold_case,
    )


def _operation(
    resolved: ResolvedOperation, opened_by_service: frozenset[PathFeature]
) -> RoutedOperation:
    operation = resolved.operation
    methods = operation.methods
    return RoutedOperation(
        id=operation.id.value,
        methods=None if methods is None else tuple(text.value for text in methods),
        templates=resolved.templates,
        also_covers=operation.also_covers,
        span=operation.id.span,
        opened=operation.opened | opened_by_service,
    )
