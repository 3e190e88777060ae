"""`time.local('Europe/Berlin').hour`: the zone is looked up once, when the tree is checked."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.expressions import ast, terms
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.terms import LocalTimeField, Term

__all__ = ["is_local_time", "local_time"]


def is_local_time(expr: ast.MethodCall) -> bool:
    """Whether the call is `time.local(…)`."""
    return (
        expr.method == "local"
        and isinstance(expr.operand, ast.Name)
        and expr.operand.identifier == "time"
    )


_LOCAL_FIELDS = {field.value: field for field in LocalTimeField}


def local_time(member: ast.Member, call: ast.MethodCall, report: Report) -> Term | None:
    """`time.local('Europe/Berlin').hour`: `call` is the part before the last dot."""
    zone = _zone(call, report)
    field = _LOCAL_FIELDS.get(member.name)
    if field is None:
        report.error(
            Code.UNKNOWN_NAME,
            f"unknown member `{member.name}` of a local time",
            member.name_span,
            help=did_you_mean(member.name, _LOCAL_FIELDS)
            or f"there are {', '.join(f'`{name}`' for name in _LOCAL_FIELDS)}",
        )
    if zone is None or field is None:
        return None
    return terms.LocalTimeRead(f"time.local('{zone.key}').{field.value}", zone, field, member.span)


def _zone(call: ast.MethodCall, report: Report) -> ZoneInfo | None:
    if len(call.arguments) != 1 or not isinstance(call.arguments[0], ast.StringLiteral):
        report.error(
            Code.TYPE_MISMATCH,
            "`time.local` needs the constant name of one time zone",
            call.span,
            help="write `time.local('Europe/Berlin')`",
        )
        return None
    written = call.arguments[0]
    try:
        return ZoneInfo(written.value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # OSError: the name of a folder of the time zone database, such as `Europe`.
        report.error(
            Code.BAD_LITERAL,
            f"unknown time zone `{written.value}`",
            written.span,
            help="use a name of the IANA time zone database, such as `Europe/Berlin` or `UTC`",
        )
        return None
