"""Every node of an operation with its place, what came of it, and what its condition saw."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deemster.model.decision import Decision, NodeRef
from deemster.policy.resolved import (
    ResolvedChild,
    ResolvedOperation,
    ResolvedPolicy,
    ResolvedTree,
)
from deemster.policy.tree import AllowLines
from deemster.policy.values import TraceEntry
from deemster.policytest.explanation import ConditionPart, Explanations, SeenValue

__all__ = ["NOT_REACHED", "OperationNodes", "TraceRow", "nodes_of_operation", "nodes_over_answers"]

NOT_REACHED = "not reached"

_LINES = ("scopes", "groups", "permissions", "when", "authentication")


@dataclass(frozen=True, slots=True)
class TraceRow:
    """`place` is `file:line`; `detail` what was seen, or why it failed, in one line.

    `condition` is the same part by part, where the node asked a condition. `section` is the id
    path of what it belongs to: a guard, the `allow`, or one of the operation's policies.
    """

    id_path: str
    place: str
    outcome: str
    detail: str = ""
    condition: ConditionPart | None = None
    section: str = ""


class OperationNodes:
    """Knows the nodes of every operation of a tree, by the operation's id path."""

    def __init__(self, resolved: ResolvedTree, explanations: Explanations) -> None:
        self._explanations = explanations
        self._operations: Mapping[str, ResolvedOperation] = {
            operation.ref.id_path: operation
            for service in resolved.services
            for operation in service.operations
        }

    def rows(self, decision: Decision, visited: Sequence[TraceEntry]) -> tuple[TraceRow, ...]:
        """In tree order, those of its operation that were not visited too.

        Where no operation matched, guards alone may have been asked: only what was visited. Empty
        where policy was not asked at all (a refused token, for one).
        """
        if not visited:
            return ()
        service = decision.service.id if decision.service is not None else ""
        found = self._operations.get(f"{service}/{decision.operation}")
        by_path: dict[str, list[TraceRow]] = {}
        for entry in visited:
            row = self._row(entry)
            rows = by_path.setdefault(entry.id_path, [])
            # A node that was asked twice (for the author's words) has answered the same.
            if row not in rows:
                rows.append(row)
        ordered: list[TraceRow] = []
        for section, ref in _shown(found, by_path) if found is not None else ():
            rows = by_path.pop(ref.id_path, [])
            rows = rows or [TraceRow(ref.id_path, ref.span.place, NOT_REACHED)]
            ordered.extend(replace(row, section=section) for row in rows)
        for rest in by_path.values():
            ordered.extend(rest)
        return tuple(ordered)

    def _row(self, entry: TraceEntry) -> TraceRow:
        condition = self._explanations.of(entry)
        detail = entry.detail if condition is None else _in_one_line(condition)
        return TraceRow(entry.id_path, entry.place, entry.outcome, detail, condition)


def _in_one_line(part: ConditionPart) -> str:
    """`claims.acr = 'pwd', user.level = 3`, and the error if it ended in one."""
    told = dict.fromkeys(f"{value.name} = {value.told}" for value in _values_of(part))
    failed = [f"error at {part.error_at}: {part.error}"] if part.error_at is not None else []
    return ", ".join([*told, *failed])


def _values_of(part: ConditionPart) -> Iterator[SeenValue]:
    yield from part.values
    for inner in part.parts:
        yield from _values_of(inner)


def _shown(operation: ResolvedOperation, visited: Container[str]) -> Iterator[tuple[str, NodeRef]]:
    """Policies over the upstream's answer are shown where they were asked."""
    yield from nodes_of_operation(operation)
    over_answers = list(nodes_over_answers(operation))
    if any(ref.id_path in visited for _, ref in over_answers):
        yield from over_answers


def nodes_over_answers(operation: ResolvedOperation) -> Iterator[tuple[str, NodeRef]]:
    """The same of all that judges what the upstream answers to its calls."""
    for policy in operation.response:
        yield from _nodes_of(policy, policy.ref.id_path)


def nodes_of_operation(operation: ResolvedOperation) -> Iterator[tuple[str, NodeRef]]:
    """(section, node) of all that judges its calls, in tree order."""
    for guard in operation.guards:
        yield from _nodes_of(guard, guard.ref.id_path)
    allow = operation.operation.allow
    if isinstance(allow, AllowLines):
        section = f"{operation.ref.id_path}/allow"
        places = dict(allow.line_spans)
        for line in _LINES:
            if line in places:
                yield section, NodeRef(f"{section}/{line}", places[line])
    for policy in operation.policies:
        yield from _nodes_of(policy, policy.ref.id_path)


def _nodes_of(node: ResolvedChild, section: str) -> Iterator[tuple[str, NodeRef]]:
    yield section, node.ref
    if isinstance(node, ResolvedPolicy):
        for child in node.children:
            yield from _nodes_of(child, section)
