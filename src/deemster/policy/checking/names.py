"""What each document can name: its own constants, conditions, attributes, its imports' by alias."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deemster.model.source import SourceSpan
from deemster.policy.attribute_tree import AttributeDeclaration
from deemster.policy.checking.attribute_names import attribute_depths, named_by
from deemster.policy.checking.circles import Use
from deemster.policy.checking.condition_cycles import refuse_condition_cycles, used_names
from deemster.policy.checking.imports import DeclaringDocument, DocumentGraph
from deemster.policy.checking.parameter_reads import ParameterReads
from deemster.policy.checking.usage import Usage
from deemster.policy.checking.visible_names import VisibleNames
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
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

__all__ = ["NameTable"]

MOST_IMPORTED_NAMES = 20_000
"""Names that the imports of one file bring, under all their aliases."""


class NameTable:
    """Lexical scopes by document, each made once."""

    def __init__(self, graph: DocumentGraph, usage: Usage, sink: DiagnosticSink) -> None:
        self._graph = graph
        self._usage = usage
        self._sink = sink
        self._scopes: dict[str, LexicalScope] = {}
        self._names: dict[str, _Names] = {}
        self._parameters = ParameterReads()
        self._depths: dict[AttributeDefinition, int] = {}
        for document in graph.ordered:
            self._scopes[document.file] = self._scope_of(document)

    def lexical(self, document: DeclaringDocument) -> LexicalScope:
        """The scope of conditions that are written in `document`."""
        return self._scopes[document.file]

    def names_parameters(self, names: Iterable[Use], lexical: LexicalScope) -> bool:
        """Whether a text that writes these names reads `params`, directly or through them."""
        return self._parameters.are_read(names, lexical)

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
            if definition.expr is None or self.names_parameters(
                used_names(definition.expr), lexical
            ):
                continue
            checked = check(definition.expr, scope, self._sink)
            if checked is not None:
                self._usage.read(document.file, checked.reads)
        for attribute in document.declarations.attributes:
            if not self.names_parameters(named_by(attribute), lexical):
                reads = check_attribute(lexical.attributes[attribute.name.value], scope, self._sink)
                self._usage.read(document.file, reads)

    def _scope_of(self, document: DeclaringDocument) -> LexicalScope:
        self._refuse_clashes(document)
        libraries = {
            alias: self._names[library.file]
            for alias, library in self._graph.libraries(document).items()
        }
        names = _Names(libraries)
        if names.imported > MOST_IMPORTED_NAMES:
            self._refuse_imports(document)
            names = _Names({})
        self._names[document.file] = names
        scope = LexicalScope(names.constants, names.conditions, names.attributes)
        declarations = document.declarations
        for constant in declarations.constants:
            names.constants.own.setdefault(constant.name.value, constant)
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
            names.conditions.own.setdefault(
                name,
                ConditionDefinition(
                    name, None if name in in_circles else expr, scope, named.name.span
                ),
            )
        self._define_attributes(document, scope, names.attributes)
        return scope

    def _refuse_imports(self, document: DeclaringDocument) -> None:
        first = document.declarations.imports[0].alias
        self._sink.error(
            Code.TREE_TOO_LARGE,
            f"the imports of this file bring more than {MOST_IMPORTED_NAMES:,} names",
            first.span,
            help="import a Library once, and split those of which you use a part",
        )

    def _define_attributes(
        self,
        document: DeclaringDocument,
        scope: LexicalScope,
        attributes: VisibleNames[AttributeDefinition],
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
            attributes.own[name] = definition
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


class _Names:
    """What one file can name, by kind. `imported`: how many names its imports bring."""

    def __init__(self, libraries: Mapping[str, _Names]) -> None:
        self.constants: VisibleNames[Constant] = VisibleNames(
            {alias: library.constants for alias, library in libraries.items()}
        )
        self.conditions: VisibleNames[ConditionDefinition] = VisibleNames(
            {alias: library.conditions for alias, library in libraries.items()}
        )
        self.attributes: VisibleNames[AttributeDefinition] = VisibleNames(
            {alias: library.attributes for alias, library in libraries.items()}
        )
        self.imported = len(self.constants) + len(self.conditions) + len(self.attributes)
