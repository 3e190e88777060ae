"""`has(…)`: which names can be asked for, and what to write for those that cannot be absent."""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.expressions import ast, terms
from deemster.policy.expressions.access_names import is_asked_elsewhere
from deemster.policy.expressions.attributes import attribute_named, attribute_read
from deemster.policy.expressions.certificates import CertificateField, names_certificate
from deemster.policy.expressions.names import built_in, path_of
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.response_terms import ResponseHeaderRead
from deemster.policy.expressions.scope import RESERVED_NAMES, Scope
from deemster.policy.expressions.terms import Term

__all__ = ["presence_term", "report_misused_has"]


def presence_term(expr: ast.Has, scope: Scope, report: Report) -> Term | None:
    """The term of `has(x)`, or None after reporting."""
    path = path_of(expr.operand)
    attribute = None if path is None else attribute_named(path, scope)
    if path is not None and attribute is not None:
        found = attribute_read(attribute, path, scope, report)
        return None if found is None else terms.Presence(found, expr.span)
    if path is None or path.root not in RESERVED_NAMES:
        report_misused_has(expr.operand.span, report)
        return None
    if len(path.segments) == 1 and path.root == "user" and scope.user is not None:
        return terms.UserPresence(expr.span)
    if names_certificate(path):
        if is_asked_elsewhere(path, scope, report):
            return None
        whole = terms.CertificateRead(str(path), CertificateField.WHOLE, path.span)
        return terms.Presence(whole, expr.span)
    read = built_in(path, scope, report)
    if read is None:
        return None
    if isinstance(read, terms.HeaderRead | terms.QueryRead | ResponseHeaderRead):
        report.error(
            Code.TYPE_MISMATCH,
            f"`{read.name}` is a list and never absent",
            expr.operand.span,
            help="write `size(…) > 0`",
        )
        return None
    return terms.Presence(read, expr.span)


def report_misused_has(span: SourceSpan, report: Report) -> None:
    """`has()` of something that is no name, or of two names."""
    report.error(
        Code.TYPE_MISMATCH,
        "`has` needs the name of one claim or attribute",
        span,
        help="write `has(claims.x)`, `has(user.x)` or `has(user)`",
    )
