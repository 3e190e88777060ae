"""Named conditions that use each other in a circle, found before anything is checked.

Imports have no cycles, so a circle lies within one file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions import ast
from deemster.policy.expressions.names import path_of

__all__ = ["refuse_condition_cycles", "used_names"]


def refuse_condition_cycles(
    conditions: Mapping[str, ast.Expr | None], sink: DiagnosticSink
) -> frozenset[str]:
    """Names of conditions that a circle makes useless; each circle is reported once.

    `conditions` are one file's own. Without recursion: they may be as many as the file holds.
    """
    refused: set[str] = set()
    finished: set[str] = set()
    for root in conditions:
        walk = [(root, _uses(root, conditions))]
        on_way = {root: None}
        while walk and root not in finished:
            name, uses = walk[-1]
            step = next((use for use in uses if use[0] not in finished), None)
            if step is None:
                walk.pop()
                del on_way[name]
                finished.add(name)
            elif step[0] in on_way:
                way = [*on_way]
                circle = way[way.index(step[0]) :]
                refused.update(circle)
                sink.error(
                    Code.CONDITION_CYCLE,
                    f"conditions use each other in a circle: {' ► '.join([*circle, step[0]])}",
                    step[1],
                    help="write one of them out",
                )
            else:
                walk.append((step[0], _uses(step[0], conditions)))
                on_way[step[0]] = None
    return frozenset(refused)


def used_names(expr: ast.Expr) -> Iterator[tuple[str, SourceSpan]]:
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


def _uses(name: str, conditions: Mapping[str, ast.Expr | None]) -> Iterator[tuple[str, SourceSpan]]:
    expr = conditions[name]
    if expr is None:
        return
    for used, span in used_names(expr):
        if used in conditions:
            yield used, span
