"""Statements where they are attached: which one a name means, and what its payload reads there.

Source: policy-language section 8. As with named conditions, the names in a payload are those of
the file that declares the statement; claims, the user and parameters those of the place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deemster.policy.checking.condition_cycles import used_names
from deemster.policy.checking.imports import DeclaringDocument, DocumentGraph
from deemster.policy.checking.names import NameTable
from deemster.policy.checking.policy_use import Use
from deemster.policy.checking.usage import Usage
from deemster.policy.checking.visible_names import VisibleNames
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note, did_you_mean
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.checker import check_expression
from deemster.policy.expressions.declared import declared_note
from deemster.policy.expressions.scope import Scope
from deemster.policy.expressions.types import INT, ListType
from deemster.policy.statements.codes import KnownCode
from deemster.policy.statements.declared import StatementDeclaration
from deemster.policy.statements.resolved import ResolvedStatement
from deemster.policy.statements.templates import Placeholder, TextTemplate, placeholders_of
from deemster.policy.tree import DeniedReasonText, Text

__all__ = ["StatementTable", "warn_unused_statements"]


@dataclass(frozen=True, slots=True)
class _Definition:
    declaration: StatementDeclaration
    document: DeclaringDocument


class StatementTable:
    """Statements by document. `refused`: something was left out because of an error."""

    def __init__(
        self, graph: DocumentGraph, names: NameTable, usage: Usage, sink: DiagnosticSink
    ) -> None:
        self.refused = False
        self.attached: set[StatementDeclaration] = set()
        self._graph = graph
        self._names = names
        self._usage = usage
        self._sink = sink
        self._visible: dict[str, VisibleNames[_Definition]] = {}
        for document in graph.ordered:
            self._visible[document.file] = self._visible_in(document)

    def check_declared(self, document: DeclaringDocument) -> None:
        """Check payloads where they stand, so that a statement nobody attaches is checked too.

        Every name is there but path parameters: only a place of use can say otherwise.
        """
        schema = self._graph.schema(document)
        lexical = self._names.lexical(document)
        scope = Scope(lexical, schema.claims, schema.user, access=schema.declared, in_response=True)
        for declaration in document.declarations.statements:
            for placeholder in placeholders_of(declaration.payload):
                self._usage.name(document.file, placeholder.expr)
                if not self._names.names_parameters(used_names(placeholder.expr), lexical):
                    checked = _value(placeholder, scope, self._sink)
                    if checked is not None:
                        self._usage.read(document.file, checked.reads)

    def resolve(
        self, attach: Iterable[Text], words: DeniedReasonText | None, use: Use
    ) -> tuple[ResolvedStatement, ...]:
        """The statements of one node: `deniedReason` first, then as they are attached."""
        found = []
        if words is not None and words.statement is not None:
            found.append(self._resolved(_Definition(words.statement, use.document), use))
        for name in attach:
            definition = self._definition(name, use)
            if definition is not None:
                self.attached.add(definition.declaration)
                self._refuse_misplaced(name, definition.declaration, use)
                found.append(self._resolved(definition, use))
        return tuple(statement for statement in found if statement is not None)

    # --- names ----------------------------------------------------------------------------------

    def _visible_in(self, document: DeclaringDocument) -> VisibleNames[_Definition]:
        libraries = self._graph.libraries(document).items()
        visible: VisibleNames[_Definition] = VisibleNames(
            {alias: self._visible[library.file] for alias, library in libraries}
        )
        for declaration in document.declarations.statements:
            visible.own[declaration.name.value] = _Definition(declaration, document)
        return visible

    def _definition(self, name: Text, use: Use) -> _Definition | None:
        file = use.document.file
        if "." in name.value:
            self._usage.name_path(file, name.value)
        visible = self._visible[file]
        found = visible.get(name.value)
        if found is None:
            self.refused = True
            self._sink.add(
                use.error(
                    Code.UNKNOWN_STATEMENT,
                    f"there is no statement `{name.value}`",
                    name.span,
                    help=did_you_mean(name.value, visible) or self._how_to_declare(name.value, use),
                )
            )
        return found

    def _how_to_declare(self, name: str, use: Use) -> str:
        alias, dot, own = name.rpartition(".")
        if dot and alias not in self._graph.libraries(use.document):
            return f"this file imports nothing as `{alias}`"
        where = f"in the Library imported as `{alias}`" if dot else "in this file"
        return f"declare it {where}: `statements: {{{own}: {{code: ..., ...}}}}`"

    def _refuse_misplaced(self, name: Text, declaration: StatementDeclaration, use: Use) -> None:
        is_about_answers = use.scope.in_response and use.params_known
        if is_about_answers and declaration.code == KnownCode.MODIFY_QUERY:
            self.refused = True
            self._sink.add(
                use.error(
                    Code.STATEMENT_EFFECT,
                    f"`{name.value}` changes the query of a request that was answered already",
                    name.span,
                    help="attach it to a policy of the request, outside of `response`",
                    notes=(Note("declared at …", declaration.name.span),),
                )
            )

    # --- payloads -------------------------------------------------------------------------------

    def _resolved(self, definition: _Definition, use: Use) -> ResolvedStatement | None:
        lexical = self._names.lexical(definition.document)
        scope = use.scope.with_lexical(lexical)
        findings = DiagnosticSink()
        values: list[CheckedExpr] = []
        declaration = definition.declaration
        for placeholder in placeholders_of(declaration.payload):
            if definition.document is use.document:
                self._usage.name(use.document.file, placeholder.expr)
            if not use.params_known and self._names.names_parameters(
                used_names(placeholder.expr), lexical
            ):
                return None
            checked = _value(placeholder, scope, findings)
            if checked is not None:
                self._usage.read(use.document.file, checked.reads)
                values.append(checked)
        _check_max_age(declaration, values, findings)
        for finding in findings.finish():
            self._sink.add(use.with_chain(finding))
        if findings.has_errors:
            self.refused = True
            return None
        return ResolvedStatement(declaration, tuple(values))


def warn_unused_statements(
    table: StatementTable, documents: Iterable[DeclaringDocument], sink: DiagnosticSink
) -> None:
    """For a tree without errors: statements that no node carries, whatever their authors think."""
    for document in documents:
        for declaration in document.declarations.statements:
            if declaration not in table.attached:
                sink.warning(
                    Code.UNUSED_STATEMENT,
                    f"no node attaches the statement `{declaration.name.value}`",
                    declaration.name.span,
                    help=f"write `attach: [{declaration.name.value}]` at a rule, a policy or an "
                    "operation, or remove it",
                )


def _value(placeholder: Placeholder, scope: Scope, sink: DiagnosticSink) -> CheckedExpr | None:
    checked = check_expression(placeholder.expr, scope, sink)
    if checked is None or not isinstance(checked.type, ListType):
        return checked
    sink.error(
        Code.TYPE_MISMATCH,
        f"a list cannot stand in a text, found `{checked.type}`",
        placeholder.span,
        help="name a single value; declare one as `string` if there is only one",
        notes=declared_note(checked.term),
    )
    return None


def _check_max_age(
    declaration: StatementDeclaration, values: list[CheckedExpr], sink: DiagnosticSink
) -> None:
    payload = declaration.payload
    if declaration.code != KnownCode.AUTH_CHALLENGE or not isinstance(payload, dict):
        return
    template = payload.get("max_age")
    if not isinstance(template, TextTemplate):
        return
    expr = next(placeholders_of(template)).expr
    checked = next((value for value in values if value.term.span == expr.span), None)
    if checked is not None and checked.type is not INT:
        sink.error(
            Code.TYPE_MISMATCH,
            f"`max_age` is a number of seconds, found `{checked.type}`",
            template.span,
            help="name an `int`",
            notes=declared_note(checked.term),
        )
