"""Every node of an operation with its place, what came of it, and what its condition saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deemster.model.decision import NodeRef
from deemster.policy.resolved import (
    ResolvedChild,
    ResolvedOperation,
    ResolvedPolicy,
    ResolvedTree,
)
from deemster.policy.tree import AllowLines
from deemster.policy.values import TraceEntry

__all__ = ["NOT_REACHED", "OperationNodes", "TraceRow"]

NOT_REACHED = "not reached"

_LINES = ("scopes", "groups", "permissions", "when", "authentication")


@dataclass(frozen=True, slots=True)
class TraceRow:
    """`place` is `file:line`; `detail` what the condition saw, or why it failed."""

    id_path: str
    place: str
    outcome: str
    detail: str = ""


class OperationNodes:
    """Knows the nodes of every operation of a tree, by the operation's id path."""

    def __init__(self, resolved: ResolvedTree) -> None:
        self._operations: Mapping[str, ResolvedOperation] = {
            operation.ref.id_path: operation
            for service in resolved.services
            for operation in service.operations
        }

    def rows(self, operation: str, visited: Sequence[TraceEntry]) -> tuple[TraceRow, ...]:
        """In tree order, those that were not visited too.

        `operation` is an id path, `invoices/pay-invoice`; for an unknown one there are only the
        visited nodes. Empty where policy was not asked at all (a refused token, for one).
        """
        if not visited:
            return ()
        found = self._operations.get(operation)
        by_path: dict[str, list[TraceRow]] = {}
        for entry in visited:
            row = TraceRow(entry.id_path, entry.place, entry.outcome, entry.detail)
            rows = by_path.setdefault(entry.id_path, [])
            # A node that was asked twice (for the author's words) has answered the same.
            if row not in rows:
                rows.append(row)
        ordered: list[TraceRow] = []
        for ref in _nodes(found) if found is not None else ():
            ordered.extend(
                by_path.pop(ref.id_path, [TraceRow(ref.id_path, ref.span.place, NOT_REACHED)])
            )
        for rest in by_path.values():
            ordered.extend(rest)
        return tuple(ordered)


def _nodes(operation: ResolvedOperation) -> Iterator[NodeRef]:
    for guard in operation.guards:
        yield from _nodes_of(guard)
    allow = operation.operation.allow
    if isinstance(allow, AllowLines):
        places = dict(allow.line_spans)
        for line in _LINES:
            if line in places:
                yield NodeRef(f"{operation.ref.id_path}/allow/{line}", places[line])
    for policy in operation.policies:
        yield from _nodes_of(policy)


def _nodes_of(node: ResolvedChild) -> Iterator[NodeRef]:
    yield node.ref
    if isinstance(node, ResolvedPolicy):
        for child in node.children:
            yield from _nodes_of(child)
