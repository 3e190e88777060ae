"""Templates that no call reaches, because what they ask for is refused in every path.

Source: policy-language section 11. A literal segment with a `;` matches nothing unless the service
or the operation opens it; one with a backslash matches nothing at all.
"""

from __future__ import annotations

from deemster.model.urls import PathFeature
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.routing.routed import RoutedOperation
from deemster.policy.routing.templates import Literal, Template

__all__ = ["refuse_closed_paths"]


def refuse_closed_paths(operation: RoutedOperation, sink: DiagnosticSink) -> None:
    """Report each template of the operation that is always refused as `ambiguous-path`."""
    for template in operation.templates:
        if _has(template, "\\"):
            _report(template, "a backslash", "write the path that the upstream serves", sink)
        elif _has(template, ";") and PathFeature.SEMICOLON not in operation.opened:
            help = "where the upstream takes `;` for data, open it: `paths: {semicolon: data}`"
            _report(template, "`;`", help, sink)


def _has(template: Template, character: str) -> bool:
    return any(
        isinstance(segment, Literal) and character in segment.text for segment in template.segments
    )


def _report(template: Template, what: str, help: str, sink: DiagnosticSink) -> None:
    sink.error(
        Code.UNREACHABLE,
        f"no call reaches `{template.text}`: {what} in a path is refused as ambiguous",
        template.span,
        help=help,
    )
