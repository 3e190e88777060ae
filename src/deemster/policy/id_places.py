"""Which part of a file each id path of a document names: what suppressions point at.

A node is named as decisions and logs name it (`invoices/pay-invoice/allow`), a declaration by the
key that it stands under (`invoices/conditions/office_hours`, `standard/schema/claims/tenant`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.reading.nodes import ScalarNode

__all__ = ["IdPlaces", "id_places"]


@dataclass(frozen=True, slots=True)
class IdPlaces:
    """`whole` is the document's own id; `within` has every other id path with its extent."""

    whole: str
    within: dict[str, SourceSpan]

    def holds(self, id_path: str, span: SourceSpan) -> bool:
        """Whether a place of the document's file lies in the part that an id path names."""
        if id_path == self.whole:
            return True
        extent = self.within.get(id_path)
        return extent is not None and _contains(extent, span)

    def innermost(self, span: SourceSpan) -> str:
        """The id path of the smallest part that holds a place of the document's file."""
        around = [path for path, extent in self.within.items() if _contains(extent, span)]
        # Of parts that hold one place, the one that begins last lies in all the others.
        return max(
            around,
            key=lambda path: (self.within[path].line, self.within[path].column),
            default=self.whole,
        )


def _contains(extent: SourceSpan, span: SourceSpan) -> bool:
    place = (span.line, span.column)
    return (extent.line, extent.column) <= place <= (extent.end_line, extent.end_column)


def id_places(document: tree.Document) -> IdPlaces:
    """The id paths of one document. Of two parts with one path the first counts."""
    whole = document.metadata.id.value
    found: dict[str, SourceSpan] = {}
    for path, span in _paths(document):
        found.setdefault(f"{whole}/{path}", span)
    return IdPlaces(whole, found)


_Named = tuple[str, SourceSpan]


def _paths(document: tree.Document) -> Iterator[_Named]:
    if isinstance(document, tree.ApiServiceDocument):
        yield from _policies(document.guards)
        for operation in document.operations:
            yield operation.id.value, operation.span
            yield from _below(operation.id.value, _operation(operation))
    elif isinstance(document, tree.PolicyDocument):
        yield from _children(document.policy.children)
    if isinstance(document, tree.ApiServiceDocument | tree.PolicyDocument | tree.LibraryDocument):
        yield from _declarations(document.declarations)


def _operation(operation: tree.Operation) -> Iterator[_Named]:
    if operation.allow is not None:
        yield "allow", operation.allow.span
    yield from _policies(operation.guards)
    yield from _policies(operation.policies)


def _policies(nodes: Iterable[tree.PolicyNode | tree.RefNode]) -> Iterator[_Named]:
    yield from _children(tuple(nodes))


def _children(nodes: tuple[tree.Child, ...]) -> Iterator[_Named]:
    # A referenced policy has its own file, and suppressions of its own.
    for node in nodes:
        if isinstance(node, tree.RuleNode):
            yield node.id.value, node.span
        elif isinstance(node, tree.PolicyNode):
            yield node.id.value, node.span
            yield from _below(node.id.value, _children(node.children))


def _declarations(declared: tree.Declarations) -> Iterator[_Named]:
    for written in declared.imports:
        yield f"imports/{written.alias.value}", written.alias.span.joined_with(written.path.span)
    for declaration in declared.schema:
        name = declaration.name
        yield f"schema/{declaration.scope.value}/{name.value}", name.span
    for constant in declared.constants:
        yield f"constants/{constant.name.value}", constant.name.span.joined_with(constant.span)
    for attribute in declared.attributes:
        span = attribute.name.span.joined_with(attribute.span)
        yield f"attributes/{attribute.name.value}", span
    for statement in declared.statements:
        yield f"statements/{statement.name.value}", statement.name.span.joined_with(statement.span)
    for named in declared.conditions:
        end = _extent(named.condition)
        yield f"conditions/{named.name.value}", named.name.span.joined_with(end)


def _extent(condition: tree.Condition) -> SourceSpan:
    if isinstance(condition, tree.ConditionText):
        node: ScalarNode = condition.node
        return node.span
    return condition.span


def _below(parent: str, paths: Iterator[_Named]) -> Iterator[_Named]:
    return ((f"{parent}/{path}", span) for path, span in paths)
