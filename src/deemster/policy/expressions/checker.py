"""Syntax ► checked terms: resolves every name, knows every type, reports every mistake.

`names` resolves built-in names, `calls` functions and methods, `guards` looks for optional names
that are compared unguarded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions import ast, terms
from deemster.policy.expressions.attributes import attribute_named, attribute_read, is_document
from deemster.policy.expressions.author_names import constant_term, report_unknown_name
from deemster.policy.expressions.calls import function_term, method_term
from deemster.policy.expressions.checked import CheckedExpr, measured
from deemster.policy.expressions.declared import declared_note
from deemster.policy.expressions.guards import warn_unguarded
from deemster.policy.expressions.left_out import TYPES, report_left_out, report_left_out_call
from deemster.policy.expressions.local_times import is_local_time, local_time
from deemster.policy.expressions.names import Path, built_in, path_of, report_no_members
from deemster.policy.expressions.operators import (
    arithmetic_term,
    comparison_term,
    conditional_term,
    list_term,
    membership_term,
    negative_term,
)
from deemster.policy.expressions.presence import presence_term, report_misused_has
from deemster.policy.expressions.quantifiers import (
    NESTED_HELP,
    has_quantifier,
    member_of,
    refuse_name,
    report_nested,
)
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.scope import RESERVED_NAMES, ConditionDefinition, Scope
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.types import (
    BOOL,
    INT,
    STRING,
    ListType,
    Type,
)

__all__ = ["MAX_DEPTH_IN_ALL", "MAX_WEIGHT", "check", "check_expression"]

MAX_DEPTH_IN_ALL = 128
"""Nodes one in another, YAML lists and named conditions written out."""
MAX_WEIGHT = 10_000
"""Terms of one condition with named conditions written out: they may multiply at each step."""


def check(
    expr: ast.Expr,
    scope: Scope,
    sink: DiagnosticSink,
    *,
    under_deny: bool = False,
    not_last: bool = False,
    guarded: frozenset[str] = frozenset(),
) -> CheckedExpr | None:
    """A condition with every name resolved, or None after telling `sink` all that is wrong.

    `under_deny`: it decides about a deny. `not_last`: it is the condition of a rule in a
    first-applicable set that is not the last. In both cases an error of the condition hides what
    comes after it, so optional names compared without `has()` are warned of. `guarded` are names
    whose presence an enclosing target has tested.
    """
    checking = _Checking(scope, sink)
    term = checking.condition(expr)
    checked = checking.bounded(term, expr.span)
    if checked is not None:
        warn_unguarded(
            checked, checking.report, under_deny=under_deny, not_last=not_last, guarded=guarded
        )
    return checked


def check_expression(expr: ast.Expr, scope: Scope, sink: DiagnosticSink) -> CheckedExpr | None:
    """The same for an expression of any type, without warnings."""
    checking = _Checking(scope, sink)
    return checking.bounded(checking.term(expr), expr.span)


class _Checking:
    """One condition being checked: where its names are looked up, and how we came here."""

    def __init__(self, scope: Scope, sink: DiagnosticSink) -> None:
        self.report = Report(sink)
        self._scope = scope
        self._level = 0
        self._active: list[tuple[ConditionDefinition, str]] = []
        self._member_of_list: terms.MemberTerm | None = None
        self._own: dict[ConditionDefinition, CheckedExpr | None] = {}

    def condition(self, expr: ast.Expr) -> Term | None:
        """The term of an expression that must be a condition."""
        term = self.term(expr)
        if term is None or term.type is BOOL:
            return term
        self.report.error(
            Code.NOT_A_CONDITION,
            f"expected a condition, found `{term.type}`",
            expr.span,
            help=_condition_help(term.type),
            notes=declared_note(term),
        )
        return None

    def term(self, expr: ast.Expr) -> Term | None:
        """The term of an expression, or None after reporting."""
        if self._level >= MAX_DEPTH_IN_ALL:
            self._too_deep(expr.span)
            return None
        self._level += 1
        term = _CHECKS[type(expr)](self, expr)
        self._level -= 1
        return term

    def bounded(self, term: Term | None, span: SourceSpan) -> CheckedExpr | None:
        """The term with its measures, unless it is too large to be evaluated in good time."""
        if term is None:
            return None
        checked = measured(term)
        if checked.weight > MAX_WEIGHT:
            self.report.error(
                Code.EXPRESSION_TOO_LONG,
                f"with its named conditions written out this has more than {MAX_WEIGHT} terms",
                span,
                help="conditions that use each other twice double at each step: use each once",
            )
            return None
        return checked

    def _too_deep(self, span: SourceSpan) -> None:
        self.report.error(
            Code.EXPRESSION_TOO_DEEP,
            f"nested more than {MAX_DEPTH_IN_ALL} deep, named conditions written out",
            span,
            help="shorten the chain of named conditions",
        )

    # --- logic ----------------------------------------------------------------------------------

    def _not(self, expr: ast.Not) -> Term | None:
        operand = self.condition(expr.operand)
        return None if operand is None else terms.Negation(operand, expr.span)

    def _and(self, expr: ast.And) -> Term | None:
        operands = self._conditions(expr.operands)
        return None if operands is None else terms.Conjunction(operands, expr.span)

    def _or(self, expr: ast.Or) -> Term | None:
        operands = self._conditions(expr.operands)
        return None if operands is None else terms.Disjunction(operands, expr.span)

    def _conditions(self, exprs: tuple[ast.Expr, ...]) -> tuple[Term, ...] | None:
        found = [self.condition(expr) for expr in exprs]
        operands = tuple(term for term in found if term is not None)
        return operands if len(operands) == len(exprs) else None

    def _conditional(self, expr: ast.Conditional) -> Term | None:
        condition = self.condition(expr.condition)
        then, otherwise = self.term(expr.then), self.term(expr.otherwise)
        if condition is None or then is None or otherwise is None:
            return None
        return conditional_term(expr, condition, then, otherwise, self.report)

    # --- operators ------------------------------------------------------------------------------

    def _comparison(self, expr: ast.Comparison) -> Term | None:
        left, right = self.term(expr.left), self.term(expr.right)
        if left is None or right is None:
            return None
        return comparison_term(expr, left, right, self.report)

    def _membership(self, expr: ast.Membership) -> Term | None:
        if self._is_map(expr.collection):
            return None
        element, collection = self.term(expr.element), self.term(expr.collection)
        if element is None or collection is None:
            return None
        return membership_term(expr, element, collection, self.report)

    def _is_map(self, expr: ast.Expr) -> bool:
        """True after reporting `'x' in claims`, which CEL takes."""
        path = path_of(expr)
        instead = None if path is None else _PRESENCE.get(str(path))
        if instead is None:
            return False
        report_left_out(f"`in` of `{path}`", expr.span, f"write `{instead}`", self.report)
        return True

    def _arithmetic(self, expr: ast.Arithmetic) -> Term | None:
        left, right = self.term(expr.left), self.term(expr.right)
        if left is None or right is None:
            return None
        return arithmetic_term(expr, left, right, self.report)

    def _negate(self, expr: ast.Negate) -> Term | None:
        operand = self.term(expr.operand)
        return None if operand is None else negative_term(expr, operand, self.report)

    def _list(self, expr: ast.ListLiteral) -> Term | None:
        found = [self.term(item) for item in expr.items]
        items = tuple(term for term in found if term is not None)
        return list_term(expr, items, self.report) if len(items) == len(found) else None

    # --- calls ----------------------------------------------------------------------------------

    def _call(self, expr: ast.Call) -> Term | None:
        if expr.function == "has":
            report_misused_has(expr.span, self.report)
            return None
        if report_left_out_call(expr, self.report):
            return None
        arguments = self._terms(expr.arguments)
        return None if arguments is None else function_term(expr, arguments, self.report)

    def _method(self, expr: ast.MethodCall) -> Term | None:
        if is_local_time(expr):
            self.report.error(
                Code.TYPE_MISMATCH,
                "a local time is not a value",
                expr.span,
                help="name its `hour`, `minute_of_day`, `weekday` or `date`",
            )
            return None
        # Nothing is said of the arguments: those of a macro name its variable.
        is_own = isinstance(expr.operand, ast.Name) and self._is_own_name(expr.operand.identifier)
        if report_left_out_call(expr, self.report, with_libraries=not is_own):
            return None
        operand = self.term(expr.operand)
        arguments = self._terms(expr.arguments)
        if operand is None or arguments is None:
            return None
        return method_term(expr, operand, arguments, self.report)

    def _is_own_name(self, name: str) -> bool:
        member = self._member_of_list
        is_member = member is not None and member.name == name
        return is_member or name in self._scope.lexical.first_names

    def _terms(self, exprs: tuple[ast.Expr, ...]) -> tuple[Term, ...] | None:
        found = [self.term(expr) for expr in exprs]
        present = tuple(term for term in found if term is not None)
        return present if len(present) == len(exprs) else None

    def _quantifier(self, expr: ast.Quantifier) -> Term | None:
        if self._member_of_list is not None:
            report_nested(expr, self.report)
            return None
        is_refused = refuse_name(expr, self._scope.lexical, self.report)
        collection = self.term(expr.collection)
        if collection is None or is_refused:
            return None
        member = member_of(expr, collection, self.report)
        if member is None:
            return None
        self._member_of_list = member
        predicate = self.condition(expr.predicate)
        self._member_of_list = None
        if predicate is None:
            return None
        return terms.QuantifierTerm(expr.kind, collection, predicate, expr.span)

    def _has(self, expr: ast.Has) -> Term | None:
        return presence_term(expr, self._scope, self.report)

    def _null(self, expr: ast.NullLiteral) -> Term | None:
        report_left_out(
            "`null`",
            expr.span,
            "null counts as absent: write `has(claims.x)` or `!has(claims.x)`",
            self.report,
        )
        return None

    # --- names ----------------------------------------------------------------------------------

    def _member(self, expr: ast.Member) -> Term | None:
        if isinstance(expr.operand, ast.MethodCall) and is_local_time(expr.operand):
            arguments = self._terms(expr.operand.arguments)
            if arguments is None:
                return None
            return local_time(expr, expr.operand, arguments, self.report)
        path = path_of(expr)
        if path is not None:
            return self._path(path)
        if self.term(expr.operand) is not None:
            self.report.error(
                Code.UNKNOWN_NAME, f"a value has no member `{expr.name}`", expr.name_span
            )
        return None

    def _index(self, expr: ast.Index) -> Term | None:
        path = path_of(expr)
        if path is not None:
            return self._path(path)
        report_left_out(
            "an index that is no constant text",
            expr.index.span,
            "write `request.headers['x-tenant']`; of a list, `'x' in list` or `list.exists(m, …)`",
            self.report,
        )
        return None

    def _name(self, expr: ast.Name) -> Term | None:
        path = path_of(expr)
        return None if path is None else self._path(path)

    def _path(self, path: Path) -> Term | None:
        member = self._member_of_list
        if member is not None and path.root == member.name:
            return self._member_name(path, member)
        attribute = attribute_named(path, self._scope)
        if attribute is not None:
            read = attribute_read(attribute, path, self._scope, self.report)
            return read if read is None or not is_document(read, self.report) else None
        if path.root in RESERVED_NAMES:
            return built_in(path, self._scope, self.report)
        name, lexical = str(path), self._scope.lexical
        definition = lexical.conditions.get(name)
        if definition is not None:
            return self._use(definition, name, path.span)
        constant = lexical.constants.get(name)
        if constant is not None:
            return constant_term(constant, name, path.span, self.report)
        if path.root in TYPES and len(path.segments) == 1:
            help_text = "every name has one type: declare it in `schema`"
            report_left_out(f"`{path}`, a type,", path.span, help_text, self.report)
            return None
        members = () if member is None else (member.name,)
        report_unknown_name(path, self._scope, self.report, *members)
        return None

    def _member_name(self, path: Path, member: terms.MemberTerm) -> Term | None:
        if len(path.segments) == 1:
            return replace(member, span=path.span)
        report_no_members(self.report, path.root, path.segments[1])
        return None

    # --- named conditions -----------------------------------------------------------------------

    def _use(self, definition: ConditionDefinition, name: str, span: SourceSpan) -> Term | None:
        if any(active is definition for active, _ in self._active):
            self._report_cycle(definition, name, span)
            return None
        body = self._body(definition, name, span)
        if body is None:
            return None
        if self._member_of_list is not None and has_quantifier(body.term):
            self.report.error(
                Code.UNSUPPORTED,
                f"`{name}` asks for the members of a list, inside of what is asked of a member",
                span,
                help=NESTED_HELP,
            )
            return None
        if self._level + body.depth > MAX_DEPTH_IN_ALL:
            self._too_deep(span)
            return None
        return terms.ConditionTerm(name, body, span)

    def _body(
        self, definition: ConditionDefinition, name: str, span: SourceSpan
    ) -> CheckedExpr | None:
        if definition in self._scope.checked:
            return self._scope.checked[definition]
        if definition in self._own:
            # INVARIANT: what uses it names a parameter too, and is checked for every operation.
            self.report.parameter_mentions += 1
            return self._own[definition]
        before = self.report.parameter_mentions
        body = self._checked_definition(definition, name, span)
        if self.report.parameter_mentions == before:
            self._scope.checked[definition] = body
        else:
            self._own[definition] = body
        return body

    def _checked_definition(
        self, definition: ConditionDefinition, name: str, span: SourceSpan
    ) -> CheckedExpr | None:
        if definition.expr is None:
            return None
        outside, member = self._scope, self._member_of_list
        # The variable is no name of the condition's own file.
        self._member_of_list = None
        self._scope = outside.with_lexical(definition.lexical)
        self._active.append((definition, name))
        self.report.uses.append((name, span))
        term = self.condition(definition.expr)
        body = self.bounded(term, definition.expr.span)
        self.report.uses.pop()
        self._active.pop()
        self._scope, self._member_of_list = outside, member
        return body

    def _report_cycle(self, definition: ConditionDefinition, name: str, span: SourceSpan) -> None:
        names = [used for _, used in self._active]
        start = next(i for i, (active, _) in enumerate(self._active) if active is definition)
        self.report.error(
            Code.CONDITION_CYCLE,
            "conditions use each other in a circle: " + " ► ".join([*names[start:], name]),
            span,
            help="write one of them out",
        )


def _condition_help(found: Type) -> str:
    if found is STRING or found is INT:
        return "compare it with a value: `… == …`"
    if isinstance(found, ListType):
        return "ask for a member: `'x' in …`"
    return "ask for something that is true or false"


_PRESENCE = {
    "claims": "has(claims.x)",
    "user": "has(user.x)",
    "params": "params.x == '…'",
    "request.headers": "size(request.headers['x']) > 0",
    "request.query": "size(request.query['x']) > 0",
}
"""What is a map in CEL, and how to ask whether it has a member."""

_CHECKS: dict[type, Callable[..., Term | None]] = {
    ast.IntLiteral: lambda _, expr: terms.Constant(expr.value, INT, expr.span),
    ast.StringLiteral: lambda _, expr: terms.Constant(expr.value, STRING, expr.span),
    ast.BoolLiteral: lambda _, expr: terms.Constant(expr.value, BOOL, expr.span),
    ast.NullLiteral: _Checking._null,
    ast.Name: _Checking._name,
    ast.Member: _Checking._member,
    ast.Index: _Checking._index,
    ast.Not: _Checking._not,
    ast.Negate: _Checking._negate,
    ast.And: _Checking._and,
    ast.Or: _Checking._or,
    ast.Comparison: _Checking._comparison,
    ast.Membership: _Checking._membership,
    ast.Arithmetic: _Checking._arithmetic,
    ast.Conditional: _Checking._conditional,
    ast.ListLiteral: _Checking._list,
    ast.Call: _Checking._call,
    ast.MethodCall: _Checking._method,
    ast.Has: _Checking._has,
    ast.Quantifier: _Checking._quantifier,
}
