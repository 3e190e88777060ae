"""What each document can name: its own constants, conditions, attributes, its imports' by alias."""

from __future__ import annotations

from collections.abc import Iterable

from deemster.model.source import SourceSpan
from deemster.policy.attribute_tree import AttributeDeclaration
from deemster.policy.checking.attribute_names import attribute_depths, named_by
from deemster.policy.checking.circles import Use
from deemster.policy.checking.condition_cycles import refuse_condition_cycles, used_names
from deemster.policy.checking.imports import DeclaringDocument, DocumentGraph
from deemster.policy.checking.usage import Usage
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.expressions import ast
from deemster.policy.expressions.attributes import check_attribute
from deemster.policy.expressions.checker import check
from deemster.policy.expressions.conditions import parse_condition
from deemster.policy.expressions.lexer import KEYWORDS, RESERVED_WORDS
from deemster.policy.expressions.scope import (
    RESERVED_NAMES,
    AttributeDefinition,
    ConditionDefinition,
    LexicalScope,
    Scope,
)
from deemster.policy.tree import Constant, Text

__all__ = ["NameTable", "names_parameters", "names_parameters_in"]


class NameTable:
    """Lexical scopes by document, each made once."""

    def __init__(self, graph: DocumentGraph, usage: Usage, sink: DiagnosticSink) -> None:
        self._graph = graph
        self._usage = usage
        self._sink = sink
        self._scopes: dict[str, LexicalScope] = {}
        self._depths: dict[AttributeDefinition, int] = {}
        for document in graph.ordered:
            self._scopes[document.file] = self._scope_of(document)

    def lexical(self, document: DeclaringDocument) -> LexicalScope:
        """The scope of conditions that are written in `document`."""
        return self._scopes[document.file]

    def check_declared(self, document: DeclaringDocument) -> None:
        """Check a document's conditions where they stand, so that one nobody uses is checked too.

        Every name is there, `user` and `response` included: only a place of use can say that
        there is none.
        Parameters too are known there alone, so what names one is left to its uses.
        """
        lexical = self.lexical(document)
        schema = self._graph.schema(document)
        scope = Scope(lexical, schema.claims, schema.user, access=schema.declared, in_response=True)
        for named in document.declarations.conditions:
            definition = lexical.conditions[named.name.value]
            if definition.expr is None or names_parameters(definition.expr, lexical):
                continue
            checked = check(definition.expr, scope, self._sink)
            if checked is not None:
                self._usage.read(document.file, checked.reads)
        for attribute in document.declarations.attributes:
            if not names_parameters_in(named_by(attribute), lexical):
                reads = check_attribute(lexical.attributes[attribute.name.value], scope, self._sink)
                self._usage.read(document.file, reads)

    def _scope_of(self, document: DeclaringDocument) -> LexicalScope:
        self._refuse_clashes(document)
        constants: dict[str, Constant] = {}
        conditions: dict[str, ConditionDefinition] = {}
        attributes: dict[str, AttributeDefinition] = {}
        scope = LexicalScope(constants, conditions, attributes)
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
            for attribute in library.declarations.attributes:
                name = attribute.name.value
                attributes[f"{alias}.{name}"] = imported.attributes[name]
        self._define_attributes(document, scope, attributes)
        return scope

    def _define_attributes(
        self,
        document: DeclaringDocument,
        scope: LexicalScope,
        attributes: dict[str, AttributeDefinition],
    ) -> None:
        """Add a document's own attributes to those that it imports."""
        own: dict[str, AttributeDeclaration] = {}
        for declaration in document.declarations.attributes:
            own.setdefault(declaration.name.value, declaration)

        def depth_of_import(name: str) -> int:
            definition = attributes.get(name)
            return 0 if definition is None else self._depths.get(definition, 0)

        depths = attribute_depths(own, depth_of_import, self._sink)
        for name, declaration in own.items():
            definition = AttributeDefinition(
                f"{document.file}#{name}", declaration, scope, usable=name in depths
            )
            attributes[name] = definition
            self._depths[definition] = depths.get(name, 0)
            for used, _ in named_by(declaration):
                self._usage.name_path(document.file, used)

    def _refuse_clashes(self, document: DeclaringDocument) -> None:
        declarations = document.declarations
        first: dict[str, SourceSpan] = {}
        for name in (
            *(written.alias for written in declarations.imports),
            *(constant.name for constant in declarations.constants),
            *(attribute.name for attribute in declarations.attributes),
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
            help="imports, constants, attributes and conditions share their names; rename one of "
            "them",
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
    """Whether a condition, or what it names, reads `params`: then only its uses tell more."""
    return names_parameters_in(used_names(expr), lexical)


def names_parameters_in(names: Iterable[Use], lexical: LexicalScope) -> bool:
    """The same of all the names that a condition or the source of an attribute writes."""
    seen: set[ConditionDefinition | AttributeDefinition] = set()
    level = [(names, lexical)]
    while level:
        current, scope = level.pop()
        for name, _ in current:
            root, _, rest = name.partition(".")
            if root == "params":
                return True
            condition = scope.conditions.get(name)
            if condition is not None and condition.expr is not None and condition not in seen:
                seen.add(condition)
                level.append((used_names(condition.expr), condition.lexical))
            attribute = scope.attributes.get(rest if root == "attr" else name)
            if attribute is not None and attribute not in seen and "." in name:
                seen.add(attribute)
                level.append((named_by(attribute.declaration), attribute.lexical))
    return False
