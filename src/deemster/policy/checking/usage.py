"""What of a tree nobody uses: imports that name nothing, policies that no service refers to.

An import left behind is untidy. A policy left out is worse: its author believes it in force.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable

from deemster.policy.checking.imports import DeclaringDocument, DocumentGraph
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions import ast
from deemster.policy.tree import Import, LibraryDocument, PolicyDocument

__all__ = ["Usage", "warn_unused_imports", "warn_unused_policy"]


class Usage:
    """Which names the conditions of each file write and read; disabled nodes count too."""

    def __init__(self) -> None:
        self._named: defaultdict[str, set[str]] = defaultdict(set)
        self._reads: defaultdict[str, set[str]] = defaultdict(set)

    def name(self, file: str, expr: ast.Expr) -> None:
        """`expr` is written in `file`."""
        named = self._named[file]
        ahead: list[tuple[ast.Expr, frozenset[str]]] = [(expr, frozenset())]
        while ahead:
            node, variables = ahead.pop()
            last = None
            while isinstance(node, ast.Member):
                last, node = node.name, node.operand
            if isinstance(node, ast.Name):
                root = node.identifier
                if root not in variables:
                    named.add(root)
                    if last is not None:
                        named.add(f"{root}.{last}")
            elif isinstance(node, ast.Quantifier):
                # The variable is no name of the file, though one may be called so.
                ahead.append((node.predicate, variables | {node.variable}))
                ahead.append((node.collection, variables))
            else:
                ahead.extend([(child, variables) for child in ast.children(node)])

    def name_path(self, file: str, path: str) -> None:
        """The dotted name `path` is written in `file`."""
        self._named[file].update((path, path.partition(".")[0]))

    def read(self, file: str, names: Iterable[str]) -> None:
        """A condition in `file` reads these dotted names, through whatever conditions."""
        self._reads[file].update(names)

    def names(self, file: str) -> frozenset[str]:
        """What the conditions of `file` write: `std`, `std.in_office`; of a longer name no more."""
        return frozenset(self._named[file])

    def by_file(self) -> dict[str, frozenset[str]]:
        """`names` of each file that writes any."""
        return {file: frozenset(names) for file, names in self._named.items()}

    def reads(self, file: str) -> frozenset[str]:
        """Dotted names that the conditions of `file` read."""
        return frozenset(self._reads[file])


def warn_unused_imports(graph: DocumentGraph, usage: Usage, sink: DiagnosticSink) -> None:
    """For a tree whose conditions could all be checked: only then is it known what they use."""
    for document in graph.ordered:
        for written in document.declarations.imports:
            library = graph.libraries(document).get(written.alias.value)
            if library is not None and not _is_used(document, written, library, graph, usage):
                sink.warning(
                    Code.UNUSED_IMPORT,
                    f"nothing in this file uses the import `{written.alias.value}`",
                    written.alias.span,
                    help="remove it",
                )


def _is_used(
    document: DeclaringDocument,
    written: Import,
    library: LibraryDocument,
    graph: DocumentGraph,
    usage: Usage,
) -> bool:
    if written.alias.value in usage.names(document.file):
        return True
    declared = graph.schema(library).names
    if isinstance(document, LibraryDocument):
        # Whoever imports the one sees the schema of the other through it.
        return bool(declared)
    return not declared.isdisjoint(usage.reads(document.file))


def warn_unused_policy(document: PolicyDocument, sink: DiagnosticSink) -> None:
    """For a policy that no service refers to, directly or through another policy."""
    sink.warning(
        Code.UNUSED_POLICY,
        f"no API service uses the policy `{document.metadata.id.value}`, so it decides nothing",
        document.metadata.id.span,
        help=f"use it in `guards` or `policies`, `- $ref: …/{posixpath.basename(document.file)}`, "
        "or remove it",
    )
