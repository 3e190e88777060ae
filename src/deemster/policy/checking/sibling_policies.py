"""Ids of nodes beside each other where a `$ref` is among them: only its document has the id.

The parser has compared those that are written in one file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Note, Severity
from deemster.policy.resolved import ResolvedChild
from deemster.policy.tree import Child, RefNode

__all__ = ["SiblingPolicies"]


class SiblingPolicies:
    """Ids in use among the children of one node."""

    __slots__ = ("_first",)

    def __init__(self, taken: Mapping[str, SourceSpan] | None = None) -> None:
        """`taken`: ids of what is written beside them and is no policy."""
        self._first = {name: (span, False) for name, span in (taken or {}).items()}

    def take(
        self,
        node: Child,
        resolved: ResolvedChild,
        explained: Callable[[Diagnostic], Diagnostic],
        sink: DiagnosticSink,
    ) -> None:
        """Report an id that a sibling has, at the reference or the id itself."""
        name = resolved.name
        is_reference = isinstance(node, RefNode)
        span = node.path.span if isinstance(node, RefNode) else node.id.span
        first, first_is_reference = self._first.setdefault(name, (span, is_reference))
        if first is span or not (is_reference or first_is_reference):
            return
        sink.add(
            explained(
                Diagnostic(
                    Code.DUPLICATE_ID,
                    Severity.ERROR,
                    f"the id `{name}` is used twice among siblings",
                    span,
                    "decisions and logs name a node by its ids; give one of them another id",
                    (Note("first used", first),),
                )
            )
        )
