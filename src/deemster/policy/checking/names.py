"""The constants and conditions each document can name: its own, and its imports' by alias."""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy.checking.condition_cycles import refuse_condition_cycles, used_names
from deemster.policy.checking.imports import DeclaringDocument, DocumentGraph
from deemster.policy.checking.usage import Usage
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.expressions import ast
from deemster.policy.expressions.checker import check
from deemster.policy.expressions.conditions import parse_condition
from deemster.policy.expressions.lexer import KEYWORDS, RESERVED_WORDS
from deemster.policy.expressions.scope import (
    RESERVED_NAMES,
    ConditionDefinition,
    LexicalScope,
    Scope,
)
from deemster.policy.tree import Constant, Text

__all__ = ["NameTable", "names_parameters"]


class NameTable:
    """Lexical scopes by document, each made once."""

    def __init__(self, graph: DocumentGraph, usage: Usage, sink: DiagnosticSink) -> None:
        self._graph = graph
        self._usage = usage
        self._sink = sink
        self._scopes: dict[str, LexicalScope] = {}
        for document in graph.ordered:
            self._scopes[document.file] = self._scope_of(document)

    def lexical(self, document: DeclaringDocument) -> LexicalScope:
        """The scope of conditions that are written in `document`."""
        return self._scopes[document.file]

    def check_declared(self, document: DeclaringDocument) -> None:
        """Check a document's conditions where they stand, so that one nobody uses is checked too.

        Every name is there, `user` included: only a place of use can say that there is none.
        Parameters too are known there alone, so what names one is left to its uses.
        """
        lexical = self.lexical(document)
        schema = self._graph.schema(document)
        scope = Scope(lexical, schema.claims, schema.user, access=schema.declared)
        for named in document.declarations.conditions:
            definition = lexical.conditions[named.name.value]
            if definition.expr is None or names_parameters(definition.expr, lexical):
                continue
            checked = check(definition.expr, scope, self._sink)
            if checked is not None:
                self._usage.read(document.file, checked.reads)

    def _scope_of(self, document: DeclaringDocument) -> LexicalScope:
        self._refuse_clashes(document)
        constants: dict[str, Constant] = {}
        conditions: dict[str, ConditionDefinition] = {}
        scope = LexicalScope(constants, conditions)
        declarations = document.declarations
        for constant in declarations.constants:
            constants.setdefault(constant.name.value, constant)
        parsed = {
            named.name.value: parse_condition(named.condition, self._sink)
            for named in declarations.conditions
        }
        in_circles = refuse_condition_cycles(parsed, self._sink)
        for named in declarations.conditions:
            name = named.name.value
            expr = parsed[name]
            if expr is not None:
                self._usage.name(document.file, expr)
            conditions.setdefault(
                name,
                ConditionDefinition(
                    name, None if name in in_circles else expr, scope, named.name.span
                ),
            )
        for alias, library in self._graph.libraries(document).items():
            imported = self._scopes[library.file]
            for constant in library.declarations.constants:
                constants[f"{alias}.{constant.name.value}"] = constant
            for named in library.declarations.conditions:
                conditions[f"{alias}.{named.name.value}"] = imported.conditions[named.name.value]
        return scope

    def _refuse_clashes(self, document: DeclaringDocument) -> None:
        declarations = document.declarations
        first: dict[str, SourceSpan] = {}
        for name in (
            *(written.alias for written in declarations.imports),
            *(constant.name for constant in declarations.constants),
            *(named.name for named in declarations.conditions),
        ):
            if name.value in first:
                self._refuse_twice(name, first[name.value])
            elif name.value in RESERVED_NAMES | KEYWORDS | RESERVED_WORDS:
                self._refuse_reserved(name)
            first.setdefault(name.value, name.span)

    def _refuse_twice(self, name: Text, first: SourceSpan) -> None:
        self._sink.error(
            Code.REDECLARED,
            f"`{name.value}` is declared twice in this file",
            name.span,
            help="imports, constants and conditions share their names; rename one of them",
            notes=(Note("first declared", first),),
        )

    def _refuse_reserved(self, name: Text) -> None:
        is_name = name.value in RESERVED_NAMES
        self._sink.error(
            Code.REDECLARED,
            f"`{name.value}` is {'a built-in name' if is_name else 'a word of the language'}",
            name.span,
            help=f"give it another name, for example `{name.value}_`",
        )


def names_parameters(expr: ast.Expr, lexical: LexicalScope) -> bool:
    """Whether a condition, or one that it names, reads `params`: then only its uses tell more."""
    seen: set[ConditionDefinition] = set()
    level: list[tuple[ast.Expr, LexicalScope]] = [(expr, lexical)]
    while level:
        current, scope = level.pop()
        for name, _ in used_names(current):
            if name.partition(".")[0] == "params":
                return True
            definition = scope.conditions.get(name)
            if definition is not None and definition.expr is not None and definition not in seen:
                seen.add(definition)
                level.append((definition.expr, definition.lexical))
    return False
