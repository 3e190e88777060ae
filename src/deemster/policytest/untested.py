"""API services and operations that no test case asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import LoadedTree
from deemster.policy.reading.nodes import ScalarNode
from deemster.policy.tree import Document, PolicyTestDocument

if TYPE_CHECKING:
    from deemster.policytest.asked import AskedOperations

__all__ = ["report_untested"]

_MOST_NAMES = 5


def report_untested(
    loaded: LoadedTree, asked: AskedOperations | None, sink: DiagnosticSink
) -> None:
    """A warning for each service without a suite; a hint for one with gaps.

    `asked` is of the suites that could be read, None where there are none: a service whose suite
    could not be read is passed over.
    """
    named = {_service_of(document) for document in loaded.tree.documents}
    for service in loaded.resolved.services:
        id_ = service.document.metadata.id
        if id_.value not in named:
            sink.warning(
                Code.UNTESTED_SERVICE,
                f"no PolicyTest is written for the API service `{id_.value}`",
                id_.span,
                help=f"begin one: `kind: PolicyTest` with `service: {id_.value}`",
            )
        elif asked is not None and id_.value in asked.services:
            missing = [
                operation.operation.id.value
                for operation in service.operations
                if not asked.include(id_.value, operation.operation)
            ]
            if missing:
                sink.hint(
                    Code.UNTESTED_OPERATION,
                    f"no test case of `{id_.value}` asks for {_listed(missing)}",
                    id_.span,
                    help="write a case that is permitted and one that is denied for each",
                )


def _service_of(document: Document) -> str | None:
    if not isinstance(document, PolicyTestDocument):
        return None
    node = document.root.get("service")
    return node.text if isinstance(node, ScalarNode) else None


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
