"""HEAD and OPTIONS are never implied: a hint where a service answers one of them here and there.

Source: policy-language section 2. A service that lists neither anywhere means it; one that lists
HEAD beside some GETs and not beside others has most likely forgotten it.
"""

from __future__ import annotations

from collections.abc import Sequence

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.tree import Operation, Text

__all__ = ["hint_methods"]


def hint_methods(operations: Sequence[Operation], sink: DiagnosticSink) -> None:
    """One hint for each operation that lists GET, and each method that it may have forgotten."""
    for method in ("HEAD", "OPTIONS"):
        example = next(
            (found for operation in operations if (found := _listed(operation, method))), None
        )
        if example is None:
            continue
        covered = {
            path.value
            for operation in operations
            if operation.methods is None or _listed(operation, method)
            for path in operation.paths
        }
        for operation in operations:
            written = _listed(operation, "GET")
            if written is not None and covered.isdisjoint(path.value for path in operation.paths):
                sink.hint(
                    Code.METHOD_HINT,
                    f"`{operation.id.value}` matches GET and not {method}, which is never implied",
                    written.span,
                    help=f"add {method} to its methods if callers use it",
                    notes=(Note(f"{method} is listed", example.span),),
                )


def _listed(operation: Operation, method: str) -> Text | None:
    return next((text for text in operation.methods or () if text.value == method), None)
