"""`list.exists(m, …)` and `list.all(m, …)`: over what, and how the member may be called.

One level: what is asked of a member is asked of no other list, so that a condition takes time
linear in the lists it names.
"""

from __future__ import annotations

from dataclasses import replace

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Note
from deemster.policy.expressions import ast, terms
from deemster.policy.expressions.declared import declared_note, narrowing_of
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.scope import RESERVED_NAMES, LexicalScope
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.types import STRING, ListType, Narrowing

__all__ = ["NESTED_HELP", "has_quantifier", "member_of", "refuse_name", "report_nested"]


def refuse_name(expr: ast.Quantifier, lexical: LexicalScope, report: Report) -> bool:
    """True after reporting that the member is called like something else.

    CEL would hide the other: a reader, and a later import, would be misled.
    """
    name = expr.variable
    notes: tuple[Note, ...] = ()
    if name in RESERVED_NAMES:
        what = "a built-in name"
    elif name in lexical.constants:
        what, notes = "a constant", (Note("declared at …", lexical.constants[name].span),)
    elif name in lexical.conditions:
        what, notes = "a condition", (Note("declared at …", lexical.conditions[name].span),)
    elif name in lexical.first_names:
        what = "an import"
    else:
        return False
    report.error(
        Code.REDECLARED,
        f"`{name}` is {what} and cannot stand for a member",
        expr.variable_span,
        help=f"call the member otherwise, for example `{'m' if name != 'm' else 'one'}`",
        notes=notes,
    )
    return True


def member_of(expr: ast.Quantifier, collection: Term, report: Report) -> terms.MemberTerm | None:
    """What the variable stands for; None after reporting that there are no members."""
    if not isinstance(collection.type, ListType):
        report.error(
            Code.TYPE_MISMATCH,
            f"`{expr.kind}` needs a list, found `{collection.type}`",
            collection.span,
            help="write `text.matches('…')` for the characters of a text"
            if collection.type is STRING
            else None,
            notes=declared_note(collection),
        )
        return None
    element = collection.type.element
    if element is None:
        report.error(
            Code.TYPE_MISMATCH,
            "the list is always empty",
            collection.span,
            help=f"`{expr.kind}` of it is always {'false' if expr.kind == 'exists' else 'true'}",
            notes=declared_note(collection),
        )
        return None
    admitted = narrowing_of(collection)
    narrowing = Narrowing(element) if admitted is None else replace(admitted, type=element)
    return terms.MemberTerm(expr.variable, narrowing, collection, expr.variable_span)


def report_nested(expr: ast.Quantifier, report: Report) -> None:
    """A list asked for inside of what is asked of another list's member."""
    report.error(
        Code.UNSUPPORTED,
        f"`{expr.kind}` inside of what is asked of a member",
        expr.name_span,
        help=NESTED_HELP,
    )


NESTED_HELP = (
    "write `m in list` to look a member up in another list; what does not name the member goes "
    "outside, joined by `&&`"
)


def has_quantifier(term: Term) -> bool:
    """Whether a list's members are asked for anywhere in a term, named conditions included."""
    level = [term]
    while level:
        current = level.pop()
        if isinstance(current, terms.QuantifierTerm):
            return True
        level.extend(terms.operands(current))
    return False
