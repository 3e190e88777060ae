"""One service as decisions route it, for analyses that ask who would decide a call."""

from __future__ import annotations

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
            [route.template for route in routes], fold_case=self.routed.fold_case
        )


def _routed(service: ResolvedService) -> RoutedService:
    document = service.document
    return RoutedService(
        id=document.metadata.id.value,
        base_urls=(),
        operations=tuple(_operation(operation) for operation in service.operations),
        fold_trailing_slash=document.service.fold_trailing_slash,
        fold_case=document.service.fold_case,
    )


def _operation(resolved: ResolvedOperation) -> RoutedOperation:
    operation = resolved.operation
    methods = operation.methods
    return RoutedOperation(
        id=operation.id.value,
        methods=None if methods is None else tuple(text.value for text in methods),
        templates=resolved.templates,
        also_covers=operation.also_covers,
        span=operation.id.span,
    )
