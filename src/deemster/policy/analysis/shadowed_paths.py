"""Paths and methods of an operation that more specific operations take altogether.

An operation without any call left is a load error (`checking/reachability`), but for those behind
a `**`, whose paths cannot all be tried: that is proved here, and a warning.
"""

from __future__ import annotations

from collections.abc import Sequence

from deemster.model.source import SourceSpan
from deemster.model.urls import PathFeature
from deemster.policy.analysis.routed_view import RoutedView
from deemster.policy.checking.reachability import UNLISTED, Shadows
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.resolved import ResolvedOperation
from deemster.policy.routing.routed import RoutedOperation

__all__ = ["report_shadowed_paths"]


def report_shadowed_paths(view: RoutedView, sink: DiagnosticSink) -> None:
    """Report templates, and else methods, that never bring a call."""
    shadows = Shadows(view.routed, view.table, view.witnesses)
    tails = _tails(view)
    for operation in view.routed.operations:
        _look_at(operation, view.resolved[operation.id], shadows, tails, sink)


def _look_at(
    operation: RoutedOperation,
    resolved: ResolvedOperation,
    shadows: Shadows,
    tails: Sequence[tuple[str, ...]],
    sink: DiagnosticSink,
) -> None:
    methods = operation.methods or (UNLISTED,)
    taken = {
        (template.text, method): shadows.taking(operation, template, method, tails)
        for template in operation.templates
        for method in methods
    }
    if not any(taken.values()):
        return
    for template in operation.templates:
        if all(taken[template.text, method] for method in methods):
            by = [each for method in methods for each in taken[template.text, method]]
            _report(f"`{template.text}` of `{operation.id}`", template.span, by, sink)
    for text in resolved.operation.methods or ():
        by_path = [taken[template.text, text.value] for template in operation.templates]
        if all(by_path) and len(methods) > 1:
            by = [each for found in by_path for each in found]
            _report(f"`{text.value}` of `{operation.id}`", text.span, by, sink)


def _report(
    what: str, span: SourceSpan, by: Sequence[RoutedOperation], sink: DiagnosticSink
) -> None:
    others = {each.id: each for each in by}
    names = ", ".join(f"`{name}`" for name in others)
    verb = "takes" if len(others) == 1 else "take"
    sink.warning(
        Code.SHADOWED_PATH,
        f"{what} is never chosen: {names} {verb} every such call",
        span,
        help="remove it, or make it more specific",
        notes=tuple(Note(f"`{each.id}` stands", each.span) for each in others.values()),
    )


def _tails(view: RoutedView) -> list[tuple[str, ...]]:
    """What stands for all that a `**` matches.

    Whoever takes a fresh segment takes every segment there, and whoever takes more segments than
    any template has takes any number of them. A trailing slash is a segment of its own.
    """
    if not view.witnesses.fresh_stands_for_all:
        return []
    longest = max((len(template.template.segments) for template in view.templates), default=0)
    plain = [(view.witnesses.fresh,) * count for count in range(longest + 2)]
    tails = [*plain, *[(*tail, "") for tail in plain]]
    if PathFeature.EMPTY_SEGMENTS in view.routed.openings:
        # An empty segment inside is matched by `**` alone.
        tails.append(("", view.witnesses.fresh))
    return tails
