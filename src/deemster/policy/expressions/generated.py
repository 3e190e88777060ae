"""One Python function for the usual case of a condition; its closures for every other.

The function goes from left to right like the closures. Where it meets an error, or anything that
it does not know, it drops what it has and lets the closures evaluate the condition from the start:
evaluation is pure, so nobody can tell. One place alone knows what an error does to a condition.
"""

from __future__ import annotations

import builtins
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, FunctionType
from typing import NoReturn

from deemster.errors import EvaluationError
from deemster.policy.expressions.networks import parse_address
from deemster.policy.expressions.source import Source
from deemster.policy.expressions.terms import Term
from deemster.policy.routing.ascii_case import ascii_lower
from deemster.policy.values import Values

__all__ = ["generated"]

Test = Callable[[Values], bool]


def generated(
    term: Term, full: Test, closure_of: Callable[[Term], Callable[[Values], object]]
) -> Test:
    """A function that agrees with `full`, the closure of a condition, and is faster.

    `closure_of` gives the closure of a part, for parts that are not written out.
    """
    source = Source(closure_of)
    expression = source.expression(term)
    code = _code(_function(expression, source))
    return FunctionType(code, _NAMES, "condition", (*source.arguments, full))


def _unusual() -> NoReturn:
    raise LookupError


def _address(values: Values) -> int:
    text = values.call.client_ip
    address = None if text is None else parse_address(text)
    if address is None:
        raise LookupError
    values.address = address
    return address


_NAMES: dict[str, object] = {
    "__builtins__": {
        name: vars(builtins)[name]
        for name in ("bool", "dict", "frozenset", "int", "len", "str", "type")
    },
    "address": _address,
    "ascii_lower": ascii_lower,
    "bisect_right": bisect_right,
    "unusual": _unusual,
    # An error of the condition, a value that is not there, and a time without local form.
    "anything_else": (EvaluationError, LookupError, ValueError, OverflowError, OSError),
}
"""All that generated source may name beside its arguments."""


def _function(expression: str, source: Source) -> str:
    names = "".join(f", a{number}" for number in range(len(source.arguments)))
    lines = [f"def condition(values{names}, full):", "    try:"]
    if source.uses_claims:
        lines += [
            "        token = values.claims",
            "        if token is None:",
            "            return full(values)",
            "        claims = token.claims",
        ]
    if source.uses_user:
        lines.append("        user = values.user")
    lines += [
        f"        return {expression}",
        "    except anything_else:",
        "        return full(values)",
    ]
    return "\n".join(lines)


@lru_cache(maxsize=2048)
def _code(source: str) -> CodeType:
    """Compiled source, kept by its text: conditions of one shape share it, of whatever tree.

    It holds nothing of any tree, so that it does not matter how long it is kept.
    """
    module = compile(source, "<condition>", "exec")
    return next(found for found in module.co_consts if isinstance(found, CodeType))
