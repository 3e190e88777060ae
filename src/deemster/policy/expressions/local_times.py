"""`time.local('Europe/Berlin').hour`: the zone is looked up once, when the tree is checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.expressions import ast, terms
from deemster.policy.expressions.declared import declared_note
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


def local_time(
    member: ast.Member, call: ast.MethodCall, arguments: Sequence[Term], report: Report
) -> Term | None:
    """`time.local('Europe/Berlin').hour`: `call` is the part before the last dot."""
    zone = _zone(call, arguments, report)
    field = _LOCAL_FIELDS.get(member.name)
    if field is None:
        report.error(
            Code.UNKNOWN_NAME,
            f"unknown member `{member.name}` of a local time",
            member.name_span,
            help=_OTHER_FIELDS.get(member.name)
            or did_you_mean(member.name, _LOCAL_FIELDS)
            or f"there are {', '.join(f'`{name}`' for name in _LOCAL_FIELDS)}",
        )
    if zone is None or field is None:
        return None
    return terms.LocalTimeRead(f"time.local('{zone.key}').{field.value}", zone, field, member.span)


_OTHER_FIELDS = {
    "minute": "count from midnight: `minute_of_day` is 60 times the hour, plus the minute",
    "time": "count from midnight: `minute_of_day` is 60 times the hour, plus the minute",
    "day": "compare the whole `date`, or the `weekday`",
    "month": "compare the whole `date`: text such as '2026-11-22', in order of time",
    "year": "compare the whole `date`: text such as '2026-11-22', in order of time",
}


def _zone(call: ast.MethodCall, arguments: Sequence[Term], report: Report) -> ZoneInfo | None:
    argument = arguments[0] if len(arguments) == 1 else None
    if not isinstance(argument, terms.Constant) or not isinstance(argument.value, str):
        report.error(
            Code.TYPE_MISMATCH,
            "`time.local` needs the constant name of one time zone",
            call.span if argument is None else argument.span,
            help="write `time.local('Europe/Berlin')`, or name a constant",
            notes=() if argument is None else declared_note(argument),
        )
        return None
    name = argument.value
    if _ZONE_NAME.fullmatch(name) is not None:
        # OSError: the name of a folder of the time zone database, such as `Europe`.
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(name)
    report.error(
        Code.BAD_LITERAL,
        f"unknown time zone `{name}`",
        argument.span,
        help=_suggestion(name),
        notes=declared_note(argument),
    )
    return None


# Not `localtime` and `posixrules`, which differ from machine to machine, nor `right/…`, which
# counts leap seconds, nor `Factory`, which stands for no zone at all.
_ZONE_NAME = re.compile(r"(?!Factory)[A-Z][A-Za-z0-9]*(?:[/_+-][A-Za-z0-9]+)*", re.ASCII)
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?[+-]?[0-9:]+", re.ASCII | re.IGNORECASE)


def _suggestion(name: str) -> str:
    if _OFFSET.fullmatch(name):
        return "an offset knows no summer time: name a place, such as `Europe/Berlin`, or `UTC`"
    listed = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    known = [zone for zone in listed if _ZONE_NAME.fullmatch(zone) is not None]
    inside = [zone for zone in known if zone.startswith(f"{name}/")]
    if inside:
        return f"name a place in it, such as `{inside[0]}`"
    place = name.rpartition("/")[2].replace(" ", "_").lower()
    same = [zone for zone in known if zone.lower().rpartition("/")[2] == place]
    if same and place:
        return f"did you mean `{same[0]}`?"
    return did_you_mean(name, known) or (
        "use a name of the IANA time zone database, such as `Europe/Berlin` or `UTC`"
    )
