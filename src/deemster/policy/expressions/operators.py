"""Typing of operators: what may be compared, joined and looked up in what."""

from __future__ import annotations

from collections.abc import Sequence

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.expressions import ast, terms
from deemster.policy.expressions.arithmetic import RESULTS, in_range
from deemster.policy.expressions.declared import declared_note, narrowing_of
from deemster.policy.expressions.left_out import report_left_out
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.times import added, subtracted
from deemster.policy.expressions.types import (
    BOOL,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    ListType,
    Scalar,
    Type,
)

__all__ = [
    "arithmetic_term",
    "comparison_term",
    "conditional_term",
    "list_term",
    "membership_term",
    "negative_term",
]


def comparison_term(expr: ast.Comparison, left: Term, right: Term, report: Report) -> Term | None:
    """`==` and `!=` on equal scalar types; the orderings on those that have an order."""
    if left.type != right.type:
        report.error(
            Code.TYPE_MISMATCH,
            f"cannot compare `{left.type}` with `{right.type}`",
            _suspect(left, right).span,
            help=_mismatch_help(left.type, right.type),
            notes=declared_note(left) + declared_note(right),
        )
        return None
    if isinstance(left.type, ListType):
        # Scopes, groups and roles are sets: equality of lists would ask for an order.
        report_left_out(
            f"`{expr.operator}` of lists",
            expr.span,
            "write `'x' in list`, `size(list) == 1` or `list.all(m, …)`",
            report,
        )
        return None
    if left.type is BOOL and expr.operator not in ("==", "!="):
        report_left_out(
            f"`{expr.operator}` of `bool`",
            expr.span,
            "write `==`, `!=`, or the condition itself",
            report,
        )
        return None
    if expr.operator in ("==", "!=") and not (
        _admitted(left, right, right.span, report) and _admitted(right, left, left.span, report)
    ):
        return None
    return terms.ComparisonTerm(expr.operator, left, right, expr.span)


def membership_term(
    expr: ast.Membership, element: Term, collection: Term, report: Report
) -> Term | None:
    """`x in list`, with `x` of the type of the list's members."""
    if not isinstance(collection.type, ListType):
        report.error(
            Code.TYPE_MISMATCH,
            f"`in` needs a list, found `{collection.type}`",
            collection.span,
            help="write `text.contains('x')` for a part of a text"
            if collection.type is STRING
            else None,
            notes=declared_note(collection),
        )
        return None
    wanted = collection.type.element
    if isinstance(element.type, ListType) or (wanted is not None and element.type is not wanted):
        report.error(
            Code.TYPE_MISMATCH,
            f"cannot look for `{element.type}` in `{collection.type}`",
            _suspect(collection, element).span,
            notes=declared_note(element) + declared_note(collection),
        )
        return None
    if not _members_admitted(expr, element, collection, report):
        return None
    return terms.MembershipTerm(element, collection, expr.span)


def arithmetic_term(expr: ast.Arithmetic, left: Term, right: Term, report: Report) -> Term | None:
    """`+` and `-` on int, and on times; constants are folded."""
    result = RESULTS.get((expr.operator, left.type, right.type))
    if (
        result is None
        and expr.operator == "+"
        and left.type == right.type
        and (left.type is STRING or isinstance(left.type, ListType))
    ):
        report_left_out(
            f"`+` of `{left.type}`", expr.span, _NOT_JOINED[left.type is STRING], report
        )
        return None
    if result is None:
        report.error(
            Code.TYPE_MISMATCH,
            f"`{expr.operator}` does not join `{left.type}` and `{right.type}`",
            expr.span,
            help="text is not built in a condition: compare the parts"
            if STRING in (left.type, right.type)
            else None,
            notes=declared_note(left) + declared_note(right),
        )
        return None
    if isinstance(left, terms.Constant) and isinstance(right, terms.Constant):
        return _folded(expr, left, right, result, report)
    return terms.ArithmeticTerm(expr.operator, left, right, result, expr.span)


_NOT_JOINED = {
    True: "text is not built in a condition: compare the parts",
    False: "ask each list, joined by `||`: `'x' in one || 'x' in other`",
}


def negative_term(expr: ast.Negate, operand: Term, report: Report) -> Term | None:
    """`-x` of an int; a constant is folded."""
    if operand.type is not INT:
        report.error(
            Code.TYPE_MISMATCH,
            f"`-` needs `int`, found `{operand.type}`",
            expr.span,
            help="write `!` for a negation" if operand.type is BOOL else None,
            notes=declared_note(operand),
        )
        return None
    if isinstance(operand, terms.Constant) and isinstance(operand.value, int):
        return _in_range(-operand.value, INT, expr.span, report)
    return terms.NegativeTerm(operand, expr.span)


def conditional_term(
    expr: ast.Conditional, condition: Term, then: Term, otherwise: Term, report: Report
) -> Term | None:
    """`c ? x : y` with branches of one type."""
    if then.type != otherwise.type:
        report.error(
            Code.TYPE_MISMATCH,
            f"the branches differ: `{then.type}` and `{otherwise.type}`",
            expr.span,
            notes=declared_note(then) + declared_note(otherwise),
        )
        return None
    return terms.ConditionalTerm(condition, then, otherwise, then.type, expr.span)


def list_term(expr: ast.ListLiteral, items: Sequence[Term], report: Report) -> Term | None:
    """A list of scalars of one type; a constant if all its members are."""
    element: Scalar | None = None
    for item in items:
        if isinstance(item.type, ListType):
            report_left_out("a list of lists", item.span, "write its members out", report)
            return None
        if element is not None and item.type is not element:
            report.error(
                Code.TYPE_MISMATCH,
                f"a list has members of one type: found `{item.type}` after `{element}`",
                item.span,
                notes=declared_note(item),
            )
            return None
        element = item.type
    constants = [item.value for item in items if isinstance(item, terms.Constant)]
    if len(constants) == len(items):
        return terms.Constant(tuple(constants), ListType(element), expr.span)
    return terms.ListTerm(tuple(items), ListType(element), expr.span)


# --- what is said of it -------------------------------------------------------------------------


def _suspect(left: Term, right: Term) -> Term:
    """The operand to point at: the one without a declaration, else the second."""
    if isinstance(right, terms.Read) and not isinstance(left, terms.Read):
        return left
    return right


def _mismatch_help(left: Type, right: Type) -> str | None:
    types = {left, right}
    if TIMESTAMP in types:
        if DURATION in types:
            return "the difference of two timestamps is a duration"
        return "write a moment as `timestamp('2026-11-22T09:00:00Z')`"
    if DURATION in types:
        return "write a length of time as `duration('300s')`"
    if isinstance(left, ListType) != isinstance(right, ListType):
        return "write `x in list`"
    if types == {INT, STRING}:
        return "a number is written without quotes, and text is never turned into one"
    return None


def _admitted(name: Term, constant: Term, span: SourceSpan, report: Report) -> bool:
    """False after reporting a constant that the other side can never be."""
    narrowing = narrowing_of(name)
    if narrowing is None or not isinstance(constant, terms.Constant):
        return True
    values = constant.value if isinstance(constant.value, tuple) else (constant.value,)
    return all(_admits(name, value, span, report) for value in values)


def _admits(name: Term, value: object, span: SourceSpan, report: Report) -> bool:
    narrowing = narrowing_of(name)
    if narrowing is None or narrowing.admits(value):
        return True
    label = name.name if isinstance(name, terms.Read | terms.MemberTerm) else "this"
    text = str(value).lower() if isinstance(value, bool) else value
    report.error(
        Code.NOT_IN_ENUM,
        f"`{text}` is not a value of `{label}`",
        span,
        help=_nearest(value, narrowing.enum),
        notes=declared_note(name),
    )
    return False


def _nearest(value: object, enum: tuple[object, ...] | None) -> str | None:
    if enum is None or not isinstance(value, str):
        return None
    return did_you_mean(value, [str(one) for one in enum])


def _members_admitted(
    expr: ast.Membership, element: Term, collection: Term, report: Report
) -> bool:
    if not _admitted(collection, element, element.span, report):
        return False
    if not isinstance(collection, terms.Constant) or not isinstance(collection.value, tuple):
        return True
    narrowing = narrowing_of(element)
    if narrowing is None or narrowing.admits_all(collection.value):
        return True
    written = expr.collection
    spans = (
        [item.span for item in written.items]
        if isinstance(written, ast.ListLiteral)
        else [collection.span] * len(collection.value)
    )
    # Every member is looked at, so that all slips are reported together.
    found = [
        _admits(element, value, span, report)
        for value, span in zip(collection.value, spans, strict=True)
    ]
    return all(found)


def _folded(
    expr: ast.Arithmetic,
    left: terms.Constant,
    right: terms.Constant,
    result: Scalar,
    report: Report,
) -> Term | None:
    first, second = left.value, right.value
    if isinstance(first, str | tuple) or isinstance(second, str | tuple):
        return None  # the table of results has numbers only
    value = (added if expr.operator == "+" else subtracted)(first, second)
    return _in_range(value, result, expr.span, report)


def _in_range(value: int | float, type_: Scalar, span: SourceSpan, report: Report) -> Term | None:
    if in_range(value, type_):
        return terms.Constant(value, type_, span)
    report.error(
        Code.BAD_LITERAL,
        "the number does not fit in 64 bits" if type_ is INT else f"the {type_} is out of range",
        span,
    )
    return None
