"""Named conditions that use each other in a circle, found before anything is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deemster.policy.checking.circles import Use, find_circles
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions import ast
from deemster.policy.expressions.names import path_of

__all__ = ["refuse_condition_cycles", "used_names"]


def refuse_condition_cycles(
    conditions: Mapping[str, ast.Expr | None], sink: DiagnosticSink
) -> frozenset[str]:
    """Names of conditions that a circle makes useless; each circle is reported once.

    `conditions` are one file's own.
    """

    def uses(name: str) -> Iterator[Use]:
        expr = conditions[name]
        for used, span in used_names(expr) if expr is not None else ():
            if used in conditions:
                yield used, span

    circles = find_circles(conditions, uses)
    for circle, span in circles.found:
        sink.error(
            Code.CONDITION_CYCLE,
            f"conditions use each other in a circle: {circle}",
            span,
            help="write one of them out",
        )
    return circles.members


def used_names(expr: ast.Expr) -> Iterator[Use]:
    """`params.id`, `std.in_office`: every name as written, and what it begins with."""
    nodes: list[tuple[ast.Expr, frozenset[str]]] = [(expr, frozenset())]
    while nodes:
        node, members = nodes.pop()
        path = path_of(node)
        if path is not None and path.root not in members:
            yield str(path), path.span
        if isinstance(node, ast.Quantifier):
            # The variable is no name of the file, though one may be called so.
            nodes.append((node.predicate, members | {node.variable}))
            nodes.append((node.collection, members))
        else:
            nodes.extend((child, members) for child in reversed(ast.children(node)))
