"""What CEL has and this language leaves out: each by its name, with what to write instead.

Source: the CEL specification's standard definitions, and the extensions that CEL's
implementations share (strings, math, sets, lists, encoders, optional values, regex, networks).
"""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.expressions import ast
from deemster.policy.expressions.report import Report

__all__ = ["TYPES", "report_left_out", "report_left_out_call"]

TYPES = frozenset(
    {"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"}
)
"""Names that stand for types in CEL."""


def report_left_out(what: str, span: SourceSpan, help: str, report: Report) -> None:
    """`what` is a construct of CEL that is not to be had here."""
    report.error(Code.UNSUPPORTED, f"{what} is not part of the language", span, help=help)


def report_left_out_call(
    call: ast.Call | ast.MethodCall, report: Report, *, with_libraries: bool = True
) -> bool:
    """True after reporting a function, a method or a macro that CEL has and we have not.

    `with_libraries` is False where the name before the dot is one of the author's own.
    """
    name = call.function if isinstance(call, ast.Call) else call.method
    known = (_FUNCTIONS if isinstance(call, ast.Call) else _METHODS).get(name)
    if known is not None:
        report_left_out(f"`{name}`", call.name_span, known, report)
        return True
    if with_libraries and isinstance(call, ast.MethodCall) and isinstance(call.operand, ast.Name):
        known = _LIBRARIES.get(call.operand.identifier)
        if known is not None:
            report_left_out(f"`{call.operand.identifier}.{name}`", call.name_span, known, report)
            return True
    return False


_NO_TEXT_IS_BUILT = (
    "text is neither built nor cut: write `startsWith`, `endsWith`, `contains` or `matches`"
)
_DATE = (
    "write `time.local('Europe/Berlin').date`, or compare moments: "
    "`claims.x < timestamp('2026-01-01T00:00:00Z')`"
)
_ELAPSED = "compare moments: `request.time - claims.iat < duration('90s')`"
_SCHEMA = "every name has one type: declare it in `schema`"
_OPTIONAL = "write `has(claims.x) && …`, or declare a `default`"
_LIST = "ask for members: `'x' in list`, `list.exists(m, …)`, `list.all(m, …)`"
_NUMBER = "compare twice, joined by `&&` or `||`"
_NETWORK = "write `request.ip.inCidr('10.0.0.0/8')`"

_FUNCTIONS = {
    "bool": _SCHEMA,
    "bytes": "there are no byte strings: compare text",
    "cidr": _NETWORK,
    "double": "there are no fractions: count in a smaller unit, such as cents or milliseconds",
    "dyn": _SCHEMA,
    "int": "declare the name as `int` in `schema`, or a path parameter with `type: int`",
    "ip": _NETWORK,
    "isIP": _NETWORK,
    "matches": "it is a method: write `x.matches('…')`",
    "string": _NO_TEXT_IS_BUILT,
    "type": _SCHEMA,
    "uint": "there are no unsigned numbers: declare an `int`, with `min: 0` if it has to be",
    "url": "compare `request.host` and `request.path`",
}

_METHODS = {
    **dict.fromkeys(
        ("charAt", "format", "indexOf", "join", "lastIndexOf", "quote", "replace", "split"),
        _NO_TEXT_IS_BUILT,
    ),
    **dict.fromkeys(("substring", "trim"), _NO_TEXT_IS_BUILT),
    **dict.fromkeys(("lowerAscii",), "write `lower()`"),
    **dict.fromkeys(("upperAscii",), "compare in lower case: write `lower()`"),
    **dict.fromkeys(("getDate", "getDayOfMonth", "getDayOfYear", "getFullYear", "getMonth"), _DATE),
    "getDayOfWeek": "write `time.local('Europe/Berlin').weekday`, where Monday is 1",
    "getHours": "write `time.local('Europe/Berlin').hour`",
    "getMinutes": "write `time.local('Europe/Berlin').minute_of_day`",
    **dict.fromkeys(("getMilliseconds", "getSeconds"), _ELAPSED),
    "exists_one": "write `exists`, and see to it that no member comes twice",
    "existsOne": "write `exists`, and see to it that no member comes twice",
    "filter": "put the filter into the question: `list.exists(m, m != '' && …)`",
    "map": "ask for the member itself: `list.exists(m, m.startsWith('…'))`",
    **dict.fromkeys(
        ("distinct", "first", "flatten", "last", "reverse", "slice", "sort", "sortBy"), _LIST
    ),
    **dict.fromkeys(("transformList", "transformMap", "transformMapEntry"), _LIST),
    **dict.fromkeys(("hasValue", "optFlatMap", "optMap", "or", "orValue", "value"), _OPTIONAL),
    **dict.fromkeys(("containsCIDR", "containsIP"), _NETWORK),
}

_LIBRARIES = {
    "base64": "compare the text as it is",
    "cel": "give the part a name under `conditions`",
    "ip": _NETWORK,
    "lists": _LIST,
    "math": _NUMBER,
    "optional": _OPTIONAL,
    "regex": "write `x.matches('…')`",
    "re": "write `x.matches('…')`",
    "sets": _LIST,
    "strings": _NO_TEXT_IS_BUILT,
}
"""First names of functions: `math.greatest(…)`."""
