"""The constants and conditions each document can name: its own, and its imports' by alias."""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.expressions import ast
from deemster.policy.expressions.checker import check
from deemster.policy.expressions.conditions import parse_condition
from deemster.policy.expressions.scope import (
    RESERVED_NAMES,
    ConditionDefinition,
    LexicalScope,
    Scope,
)
from deemster.policy.imports import DeclaringDocument, DocumentGraph
from deemster.policy.tree import Constant, LibraryDocument

__all__ = ["NameTable"]


class NameTable:
    """Lexical scopes by document, each made once."""

    def __init__(self, graph: DocumentGraph, sink: DiagnosticSink) -> None:
        self._graph = graph
        self._sink = sink
        self._scopes: dict[str, LexicalScope] = {}

    def lexical(self, document: DeclaringDocument) -> LexicalScope:
        """The scope of conditions that are written in `document`."""
        known = self._scopes.get(document.file)
        if known is not None:
            return known
        constants: dict[str, Constant] = {}
        conditions: dict[str, ConditionDefinition] = {}
        scope = LexicalScope(constants, conditions)
        # INVARIANT: imports have no cycles (DocumentGraph cuts them), so this recursion ends.
        self._scopes[document.file] = scope
        self._add_own(document, scope, constants, conditions)
        for alias, library in self._graph.libraries(document).items():
            imported = self.lexical(library)
            for constant in library.declarations.constants:
                constants[f"{alias}.{constant.name.value}"] = constant
            for named in library.declarations.conditions:
                conditions[f"{alias}.{named.name.value}"] = imported.conditions[named.name.value]
        return scope

    def check_unused(self, document: LibraryDocument) -> None:
        """Check a Library's conditions where they stand, so that one nobody uses is checked too.

        Every name is there: parameters are the one thing that only a place of use can tell.
        """
        lexical = self.lexical(document)
        schema = self._graph.schema(document)
        scope = Scope(lexical, schema.claims, schema.user)
        for named in document.declarations.conditions:
            definition = lexical.conditions[named.name.value]
            if definition.expr is not None and not _names_parameters(definition):
                check(definition.expr, scope, self._sink)

    def _add_own(
        self,
        document: DeclaringDocument,
        scope: LexicalScope,
        constants: dict[str, Constant],
        conditions: dict[str, ConditionDefinition],
    ) -> None:
        taken: dict[str, SourceSpan] = {}
        for written in document.declarations.imports:
            self._claim(written.alias.value, written.alias.span, taken)
        for constant in document.declarations.constants:
            self._claim(constant.name.value, constant.name.span, taken)
            constants.setdefault(constant.name.value, constant)
        for named in document.declarations.conditions:
            self._claim(named.name.value, named.name.span, taken)
            conditions.setdefault(
                named.name.value,
                ConditionDefinition(
                    named.name.value,
                    parse_condition(named.condition, self._sink),
                    scope,
                    named.name.span,
                ),
            )

    def _claim(self, name: str, span: SourceSpan, taken: dict[str, SourceSpan]) -> None:
        if name in RESERVED_NAMES:
            self._sink.error(
                Code.REDECLARED,
                f"`{name}` is a built-in name",
                span,
                help="give it another name",
            )
        elif name in taken:
            self._sink.error(
                Code.REDECLARED,
                f"`{name}` is declared twice in this file",
                span,
                notes=(Note("first declared here", taken[name]),),
            )
        taken.setdefault(name, span)


def _names_parameters(definition: ConditionDefinition) -> bool:
    """Whether the condition, or one it names, reads `params`: then only its uses are checked."""
    seen: set[str] = set()
    level: list[ConditionDefinition] = [definition]
    while level:
        current = level.pop()
        if current.name in seen or current.expr is None:
            continue
        seen.add(current.name)
        nodes: list[ast.Expr] = [current.expr]
        while nodes:
            node = nodes.pop()
            if isinstance(node, ast.Name) and node.identifier == "params":
                return True
            if isinstance(node, ast.Name):
                named = current.lexical.conditions.get(node.identifier)
                if named is not None:
                    level.append(named)
            nodes.extend(ast.children(node))
    return False
