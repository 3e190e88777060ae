"""Functions and methods: which there are, what they take, and what to write instead of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.expressions import ast, terms
from deemster.policy.expressions.declared import declared_note
from deemster.policy.expressions.networks import (
    MalformedNetworkError,
    NetworkSet,
    parse_network,
)
from deemster.policy.expressions.pattern_tests import pattern_test
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.terms import Term, TextTestKind
from deemster.policy.expressions.times import duration_seconds, timestamp_seconds
from deemster.policy.expressions.types import (
    DURATION,
    LIST_OF_STRING,
    STRING,
    TIMESTAMP,
    ListType,
    Type,
)

__all__ = ["FUNCTION_NAMES", "METHOD_NAMES", "function_term", "method_term"]


def function_term(call: ast.Call, arguments: Sequence[Term], report: Report) -> Term | None:
    """`size(x)`, `timestamp('…')`, `duration('…')`."""
    make = _FUNCTIONS.get(call.function)
    if make is None:
        method = call.function in _METHODS
        report.error(
            Code.UNKNOWN_NAME,
            f"unknown function `{call.function}`",
            call.name_span,
            help=_SLIPS.get(call.function)
            or (f"it is a method: write `x.{call.function}(…)`" if method else None)
            or did_you_mean(call.function, [*_FUNCTIONS, "has"]),
        )
        return None
    if not _arity(call.function, len(arguments), 1, call.span, report):
        return None
    return make(call, arguments[0], report)


def method_term(
    call: ast.MethodCall, operand: Term, arguments: Sequence[Term], report: Report
) -> Term | None:
    """`x.startsWith(y)` and the other methods."""
    known = _METHODS.get(call.method)
    if known is None:
        report.error(
            Code.UNKNOWN_NAME,
            f"unknown method `{call.method}`",
            call.name_span,
            help=_SLIPS.get(call.method) or did_you_mean(call.method, _METHODS),
        )
        return None
    wanted, make = known
    if not _arity(call.method, len(arguments), wanted, call.span, report):
        return None
    return make(call, operand, arguments, report)


# What people write who come from another language; `left_out.py` has what CEL has.
_SLIPS = {
    "endswith": "write `endsWith`",
    "isEmpty": "write `size(x) == 0`",
    "len": "write `size(x)`",
    "length": "write `size(x)`",
    "now": "write `request.time`",
    "startswith": "write `startsWith`",
    "toLowerCase": "write `lower()`",
    "toUpperCase": "compare in lower case: write `lower()`",
    "upper": "compare in lower case: write `lower()`",
}


def _arity(name: str, found: int, wanted: int, span: SourceSpan, report: Report) -> bool:
    if found == wanted:
        return True
    report.error(
        Code.TYPE_MISMATCH,
        f"`{name}` takes {_counted(wanted)}, found {found}",
        span,
        help="write `has(claims.x)`, or `has(user)`" if name == "has" else None,
    )
    return False


def _counted(number: int) -> str:
    return {0: "no arguments", 1: "one argument"}.get(number, f"{number} arguments")


# --- functions ----------------------------------------------------------------------------------


def _size_of(operand: Term, span: SourceSpan, report: Report) -> Term | None:
    if operand.type is not STRING and not isinstance(operand.type, ListType):
        report.error(
            Code.TYPE_MISMATCH,
            f"`size` needs a string or a list, found `{operand.type}`",
            operand.span,
            notes=declared_note(operand),
        )
        return None
    return terms.SizeTerm(operand, span)


def _timestamp(call: ast.Call, argument: Term, report: Report) -> Term | None:
    return _constant_time(
        call, argument, report, timestamp_seconds, TIMESTAMP, "2026-11-22T09:00:00Z"
    )


def _duration(call: ast.Call, argument: Term, report: Report) -> Term | None:
    return _constant_time(call, argument, report, duration_seconds, DURATION, "1h30m")


def _constant_time(
    call: ast.Call,
    argument: Term,
    report: Report,
    read: Callable[[str], int | float | None],
    type_: Type,
    example: str,
) -> Term | None:
    text = _constant_text(argument)
    if text is None and argument.type is STRING:
        report.error(
            Code.UNSUPPORTED,
            f"`{call.function}` of anything but a constant is not part of the language",
            argument.span,
            help="declare the name as `timestamp` in `schema`"
            if type_ is TIMESTAMP
            else "declare seconds as `int` in `schema`, or compare two moments",
            notes=declared_note(argument),
        )
        return None
    seconds = read(text) if text is not None else None
    if seconds is None:
        report.error(
            Code.BAD_LITERAL,
            f"`{call.function}` needs text such as '{example}', found `{argument.type}`"
            if text is None
            else f"`{text}` is not a {call.function}",
            argument.span,
            help="a microsecond is the smallest unit"
            if text is not None and _TOO_FINE.search(text)
            else f"write it as '{example}'",
            notes=declared_note(argument),
        )
        return None
    return terms.Constant(seconds, type_, call.span)


_TOO_FINE = re.compile(r"[0-9]ns|\.[0-9]{7}", re.ASCII)
_FUNCTIONS: dict[str, Callable[[ast.Call, Term, Report], Term | None]] = {
    "size": lambda call, argument, report: _size_of(argument, call.span, report),
    "timestamp": _timestamp,
    "duration": _duration,
}
FUNCTION_NAMES = frozenset(_FUNCTIONS)


# --- methods ------------------------------------------------------------------------------------

_Method = Callable[[ast.MethodCall, Term, Sequence[Term], Report], Term | None]


def _text_test(kind: TextTestKind) -> _Method:
    def make(
        call: ast.MethodCall, operand: Term, arguments: Sequence[Term], report: Report
    ) -> Term | None:
        if kind == "contains" and isinstance(operand.type, ListType):
            report.error(
                Code.TYPE_MISMATCH,
                f"`contains` looks into text, found `{operand.type}`",
                operand.span,
                help="write `'x' in list` for a member of a list",
                notes=declared_note(operand),
            )
            return None
        if not _all_text(kind, (operand, *arguments), report):
            return None
        return terms.TextTest(kind, operand, arguments[0], call.span)

    return make


def _size(
    call: ast.MethodCall, operand: Term, arguments: Sequence[Term], report: Report
) -> Term | None:
    del arguments
    return _size_of(operand, call.span, report)


def _lower(
    call: ast.MethodCall, operand: Term, arguments: Sequence[Term], report: Report
) -> Term | None:
    del arguments
    return terms.LowerTerm(operand, call.span) if _all_text("lower", (operand,), report) else None


def _in_cidr(
    call: ast.MethodCall, operand: Term, arguments: Sequence[Term], report: Report
) -> Term | None:
    argument = arguments[0]
    text = _constant_text(argument)
    if text is None:
        _needs_constant(call, argument, "a constant network", "'10.0.0.0/8'", report)
        return None
    return _network_test(call, operand, argument, (text,), report)


def _in_any(
    call: ast.MethodCall, operand: Term, arguments: Sequence[Term], report: Report
) -> Term | None:
    argument = arguments[0]
    if not isinstance(argument, terms.Constant) or argument.type != LIST_OF_STRING:
        _needs_constant(call, argument, "a constant list of networks", "['10.0.0.0/8']", report)
        return None
    texts = argument.value if isinstance(argument.value, tuple) else ()
    return _network_test(call, operand, argument, tuple(str(text) for text in texts), report)


def _network_test(
    call: ast.MethodCall, operand: Term, argument: Term, texts: Sequence[str], report: Report
) -> Term | None:
    written = call.arguments[0]
    items = written.items if isinstance(written, ast.ListLiteral) else ()
    networks = []
    for number, text in enumerate(texts):
        try:
            networks.append(parse_network(text))
        except MalformedNetworkError as malformed:
            report.error(
                Code.BAD_LITERAL,
                str(malformed),
                items[number].span if items else argument.span,
                help=malformed.help,
                notes=declared_note(argument),
            )
    if not _all_text(call.method, (operand,), report) or len(networks) < len(texts):
        return None
    return terms.NetworkTest(operand, NetworkSet.of(networks), call.span)


def _matches(
    call: ast.MethodCall, operand: Term, arguments: Sequence[Term], report: Report
) -> Term | None:
    if not _all_text("matches", (operand, *arguments), report):
        return None
    return pattern_test(call, operand, arguments[0], report)


_METHODS: dict[str, tuple[int, _Method]] = {
    "startsWith": (1, _text_test("startsWith")),
    "endsWith": (1, _text_test("endsWith")),
    "contains": (1, _text_test("contains")),
    "matches": (1, _matches),
    "size": (0, _size),
    "lower": (0, _lower),
    "inCidr": (1, _in_cidr),
    "inAny": (1, _in_any),
}
METHOD_NAMES = frozenset(_METHODS)


def _all_text(name: str, operands: Sequence[Term], report: Report) -> bool:
    wrong = [operand for operand in operands if operand.type is not STRING]
    for operand in wrong:
        report.error(
            Code.TYPE_MISMATCH,
            f"`{name}` needs `string`, found `{operand.type}`",
            operand.span,
            notes=declared_note(operand),
        )
    return not wrong


def _needs_constant(
    call: ast.MethodCall, argument: Term, what: str, example: str, report: Report
) -> None:
    report.error(
        Code.TYPE_MISMATCH,
        f"`{call.method}` needs {what}, found `{argument.type}`",
        argument.span,
        help=f"write `{call.method}({example})`, or name a constant",
        notes=declared_note(argument),
    )


def _constant_text(term: Term) -> str | None:
    if isinstance(term, terms.Constant) and isinstance(term.value, str):
        return term.value
    return None
