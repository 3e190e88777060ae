"""Attributes where they are used: declarations ► `CheckedAttribute`, every name resolved.

As with named conditions, an attribute is checked with the names of the file that declares it, but
with the claims, the user and the path parameters of the place that uses it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from deemster.model.source import SourceSpan
from deemster.policy import attribute_tree
from deemster.policy.attribute_tree import ValueTemplate
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note, did_you_mean
from deemster.policy.expressions import ast, attribute_terms, terms
from deemster.policy.expressions.access_names import is_asked_elsewhere
from deemster.policy.expressions.attribute_terms import (
    AttributeRead,
    CheckedAttribute,
    CheckedSource,
)
from deemster.policy.expressions.author_names import constant_term, report_unknown_name
from deemster.policy.expressions.declared import declared_note, narrowing_of_declaration
from deemster.policy.expressions.dotted import Path, Segment, path_of
from deemster.policy.expressions.names import built_in
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.scope import RESERVED_NAMES, AttributeDefinition, Scope
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.types import BOOL, INT, STRING
from deemster.policy.parsing.typed_values import JSON_TYPE

__all__ = ["attribute_named", "attribute_read", "check_attribute", "is_document"]


def attribute_named(path: Path, scope: Scope) -> AttributeDefinition | None:
    """The attribute that a path names, `attr.x` or `alias.x`; None if it names something else."""
    if len(path.segments) != 2:
        return None
    name = path.segments[1].text if path.root == "attr" else str(path)
    return scope.lexical.attributes.get(name)


def attribute_read(
    definition: AttributeDefinition, path: Path, scope: Scope, report: Report
) -> AttributeRead | None:
    """The term that reads an attribute, or None after reporting."""
    attribute = _checked(definition, str(path), path.span, scope, report)
    return None if attribute is None else AttributeRead(str(path), attribute, path.span)


def check_attribute(
    definition: AttributeDefinition, scope: Scope, sink: DiagnosticSink
) -> frozenset[str]:
    """Check an attribute where it is declared; the dotted names that its source reads."""
    if not definition.usable:
        return frozenset()
    checked = scope.attributes.get(definition)
    if definition not in scope.attributes:
        checked = _Checking(scope, Report(sink)).attribute(definition)
        scope.attributes[definition] = checked
    return frozenset() if checked is None else checked.reads


def _checked(
    definition: AttributeDefinition, name: str, span: SourceSpan, scope: Scope, report: Report
) -> CheckedAttribute | None:
    if not definition.usable:
        return None
    if definition in scope.attributes:
        return scope.attributes[definition]
    if definition in scope.attributes_here:
        # INVARIANT: what uses it names a parameter too, and is checked for every operation.
        report.parameter_mentions += 1
        return scope.attributes_here[definition]
    before = report.parameter_mentions
    report.uses.append((name, span))
    attribute = _Checking(scope.with_lexical(definition.lexical), report).attribute(definition)
    report.uses.pop()
    is_common = report.parameter_mentions == before
    (scope.attributes if is_common else scope.attributes_here)[definition] = attribute
    return attribute


class _Checking:
    """One attribute: `scope` is that of its declaration, seen from the place of use."""

    def __init__(self, scope: Scope, report: Report) -> None:
        self._scope = scope
        self._report = report
        self._reads: set[str] = set()
        self._identity: tuple[str, SourceSpan] | None = None
        self._is_wrong = False

    def attribute(self, definition: AttributeDefinition) -> CheckedAttribute | None:
        declaration = definition.declaration
        self._span = declaration.span
        source = self._source(declaration.source)
        if source is None or self._is_wrong:
            return None
        is_document = declaration.type == JSON_TYPE
        return CheckedAttribute(
            id=definition.id,
            narrowing=None if is_document else narrowing_of_declaration(declaration),
            optional=declaration.optional,
            has_default=declaration.has_default,
            default=declaration.default,
            substitute=declaration.substitute,
            source=source,
            reads=frozenset(self._reads),
            identity=self._identity,
            span=declaration.span,
        )

    def _source(self, source: attribute_tree.Source) -> CheckedSource | None:
        match source:
            case attribute_tree.HttpSource():
                return self._http(source)
            case attribute_tree.SqlSource():
                return self._sql(source)
            case attribute_tree.DerivedSource():
                return self._derived(source)
            case attribute_tree.BodySource():
                return self._of_call("body") and attribute_terms.CheckedBody(source.path)
            case attribute_tree.HeaderSource(header=header):
                return self._of_call("headers", header) and attribute_terms.CheckedHeader(header)
            case attribute_tree.QuerySource(parameter=parameter):
                return self._of_call("query", parameter) and attribute_terms.CheckedQuery(parameter)
            case attribute_tree.ConstantSource():
                return attribute_terms.CheckedConstant(source.value)

    def _of_call(self, *names: str) -> Literal[True] | None:
        """Whether there is an HTTP call to read this of; None after reporting."""
        segments = tuple(Segment(name, self._span) for name in ("request", *names))
        path = Path(segments, self._span)
        if is_asked_elsewhere(path, self._scope, self._report):
            return None
        self._reads.add(str(path))
        return True

    def _http(self, source: attribute_tree.HttpSource) -> CheckedSource:
        return attribute_terms.CheckedHttp(
            service=source.service.value,
            method=source.method,
            path=self._template(source.path),
            headers=tuple(
                (name.value, self._template(template)) for name, template in source.headers
            ),
            select=source.select,
            timeout=_seconds(source.timeout),
            cache=source.cache / 1000,
        )

    def _sql(self, source: attribute_tree.SqlSource) -> CheckedSource:
        return attribute_terms.CheckedSql(
            query=source.query.value,
            parameters=tuple(
                (name.value, self._template(template)) for name, template in source.parameters
            ),
            column=source.column,
            select=source.select,
            timeout=_seconds(source.timeout),
            cache=source.cache / 1000,
        )

    def _derived(self, source: attribute_tree.DerivedSource) -> CheckedSource | None:
        name, span = source.attribute.value, source.attribute.span
        definition = self._scope.lexical.attributes.get(name)
        if definition is None:
            self._report.error(
                Code.UNKNOWN_NAME,
                f"unknown attribute `{name}`",
                span,
                help=_suggestion(name, self._scope.lexical.attributes),
            )
            return None
        attribute = _checked(definition, name, span, self._scope, self._report)
        if attribute is None:
            return None
        self._take(attribute.reads | {name if "." in name else f"attr.{name}"}, attribute.identity)
        return attribute_terms.CheckedDerived(attribute, source.select)

    # --- interpolated values --------------------------------------------------------------------

    def _template(self, template: ValueTemplate) -> tuple[str | Term, ...]:
        pieces: list[str | Term] = []
        for piece in template.pieces:
            term = piece if isinstance(piece, str) else self._interpolated(piece)
            if term is None:
                self._is_wrong = True
            else:
                pieces.append(term)
        return tuple(pieces)

    def _interpolated(self, expr: ast.Expr) -> Term | None:
        path = path_of(expr)
        if path is None:
            raise TypeError("the parser lets dotted names through alone")
        term = self._named(path)
        if term is None:
            return None
        if term.type not in (STRING, INT, BOOL):
            self._report.error(
                Code.TYPE_MISMATCH,
                f"`{path}` cannot be written into a request: it is `{term.type}`",
                path.span,
                help="name a value of type `string`, `int` or `bool`",
                notes=declared_note(term),
            )
            return None
        if isinstance(term, terms.AttributeRead):
            self._take(term.attribute.reads | {term.name}, term.attribute.identity)
        elif isinstance(term, terms.Read):
            is_identity = isinstance(term, terms.ClaimRead | terms.UserRead)
            self._take({term.name}, (term.name, term.span) if is_identity else None)
        return term

    def _named(self, path: Path) -> Term | None:
        definition = attribute_named(path, self._scope)
        if definition is not None:
            read = attribute_read(definition, path, self._scope, self._report)
            return read if read is None or not is_document(read, self._report) else None
        if path.root in RESERVED_NAMES:
            return built_in(path, self._scope, self._report)
        name, lexical = str(path), self._scope.lexical
        constant = lexical.constants.get(name)
        if constant is not None:
            return constant_term(constant, name, path.span, self._report)
        condition = lexical.conditions.get(name)
        if condition is None:
            report_unknown_name(path, self._scope, self._report)
            return None
        self._report.error(
            Code.TYPE_MISMATCH,
            f"the condition `{name}` cannot be written into a request",
            path.span,
            help="name a claim, a parameter, a constant or another attribute",
            notes=(Note("declared at …", condition.span),),
        )
        return None

    def _take(self, reads: Iterable[str], identity: tuple[str, SourceSpan] | None) -> None:
        self._reads.update(reads)
        self._identity = self._identity or identity


def is_document(read: AttributeRead, report: Report) -> bool:
    """Whether the attribute is a JSON document, which no expression can compare: reported."""
    if read.attribute.narrowing is not None:
        return False
    report.error(
        Code.TYPE_MISMATCH,
        f"`{read.name}` is a JSON document and not a value",
        read.span,
        help="declare an attribute that selects from it: "
        f"`source: {{attribute: {{name: {read.name.removeprefix('attr.')}, select: ...}}}}`",
        notes=(Note("declared at …", read.declared_at),),
    )
    return True


def _suggestion(name: str, known: Iterable[str]) -> str:
    names = list(known)
    bare = name.removeprefix("attr.")
    if bare != name and bare in names:
        return f"write `{bare}`, without `attr.`"
    return did_you_mean(name, names) or "declare it under `attributes`"


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
