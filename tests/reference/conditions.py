"""Section 9 of the language page: expressions over three values, without any short circuit.

Every operand is evaluated first and the tables are applied to the results, so that order can only
matter where the page says that it does: the first error in source order is the one reported.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.reference import attributes, names
from tests.reference.shape import Bug, Expression, Scope, Value
from tests.reference.situation import WRONG, Error, Situation, is_int

__all__ = ["FORMS", "seconds", "value_of"]


def value_of(expression: Expression, scope: Scope, at: Situation) -> Value:
    """The value of an expression written in a document with `scope`, or an `Error`."""
    return FORMS[expression[0]](scope, at, *expression[1:])


# --- truth --------------------------------------------------------------------------------------


def negation(scope: Scope, at: Situation, item: Expression) -> Value:
    value = value_of(item, scope, at)
    if isinstance(value, Error):
        return True if at.bug == Bug.NOT_DROPS_ERROR else value
    return not value


def conjunction(scope: Scope, at: Situation, *items: Expression) -> Value:
    values = [value_of(item, scope, at) for item in items]
    if False in [value for value in values if not isinstance(value, Error)]:
        return False
    return first_error(values) or True


def disjunction(scope: Scope, at: Situation, *items: Expression) -> Value:
    values = [value_of(item, scope, at) for item in items]
    if True in [value for value in values if not isinstance(value, Error)]:
        return True
    return first_error(values) or False


def first_error(values: list[Value]) -> Error | None:
    return next((value for value in values if isinstance(value, Error)), None)


def choice(
    scope: Scope, at: Situation, question: Expression, yes: Expression, no: Expression
) -> Value:
    asked, left, right = [value_of(item, scope, at) for item in (question, yes, no)]
    if isinstance(asked, Error):
        return asked
    return left if asked else right


def quantified(
    scope: Scope,
    at: Situation,
    kind: str,
    variable: str,
    items: Expression,
    question: Expression,
) -> Value:
    """Every member is asked, whatever the others answered; a set is asked in order."""
    members = value_of(items, scope, at)
    if isinstance(members, Error):
        return members
    ordered = sorted(members) if isinstance(members, set | frozenset) else members
    answers = [
        value_of(question, scope, replace(at, members={variable: member})) for member in ordered
    ]
    if at.bug == Bug.EXISTS_DROPS_ERROR:
        answers = [answer for answer in answers if not isinstance(answer, Error)]
    sure = [answer for answer in answers if not isinstance(answer, Error)]
    if kind == "exists":
        return True if True in sure else first_error(answers) or False
    return False if False in sure else first_error(answers) or True


# --- operators over values: an error in any operand is the result -------------------------------


def strict(meaning: Callable[..., Value]) -> Callable[..., Value]:
    """An operator that needs all its operands; the first error in source order wins."""

    def form(scope: Scope, at: Situation, *operands: Expression) -> Value:
        values = [value_of(operand, scope, at) for operand in operands]
        return first_error(values) or meaning(at, *values)

    return form


def comparison(
    scope: Scope, at: Situation, sign: str, left: Expression, right: Expression
) -> Value:
    a, b = value_of(left, scope, at), value_of(right, scope, at)
    if sign == "<=" and at.bug == Bug.LESS_EQUAL_AS_LESS:
        sign = "<"
    return (
        first_error([a, b])
        or {
            "==": lambda: a == b,
            "!=": lambda: a != b,
            "<": lambda: a < b,
            "<=": lambda: a <= b,
            ">": lambda: a > b,
            ">=": lambda: a >= b,
        }[sign]()
    )


def whole(number: int) -> Value:
    """CEL's int has 64 bits; beyond is an error, never another number."""
    return number if is_int(number) else Error(WRONG)


def moment(seconds: float) -> Value:
    """A moment of the years 1 to 9999."""
    return seconds if -62_135_596_800 <= seconds < 253_402_300_800 else Error(WRONG)


def length(seconds: float) -> Value:
    """A length of time that 64 bits of nanoseconds hold."""
    return seconds if abs(seconds) * 10**9 < 2**63 else Error(WRONG)


def ascii_lower(text: str) -> str:
    """CEL's lowerAscii: Unicode's own rules make `k` of the Kelvin sign."""
    return "".join(
        chr(ord(character) + 32) if "A" <= character <= "Z" else character for character in text
    )


def in_any(at: Situation, text: str, ranges: tuple[str, ...]) -> Value:
    address = names.address_of(text)
    if isinstance(address, Error):
        return address
    return any(in_range(at, address, cidr) for cidr in ranges)


def in_range(at: Situation, address: Value, cidr: str) -> bool:
    network = ipaddress.ip_network(cidr)
    if network.version != address.version:
        return False
    first, last = int(network.network_address), int(network.broadcast_address)
    if at.bug == Bug.CIDR_BOUND:
        return first <= int(address) < last
    return first <= int(address) <= last


def found(pattern: str, text: str) -> bool:
    """The patterns that are drawn mean the same to Python, but for a line feed at the very end."""
    return re.search(pattern.replace("$", "\\Z"), text, re.ASCII) is not None


def local_field(at: Situation, zone: str, part: str) -> int | str:
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at.call.now)
    here = instant.astimezone(ZoneInfo(zone))
    fields: dict[str, int | str] = {
        "hour": here.hour,
        "minute_of_day": here.hour * 60 + here.minute,
        "weekday": here.isoweekday(),
        "date": f"{here.year:04}-{here.month:02}-{here.day:02}",
    }
    return fields[part]


def seconds(text: str) -> float:
    """`90s`, `5m`, `2h` ► seconds."""
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def named_condition(scope: Scope, at: Situation, alias: str | None, name: str) -> Value:
    owner = names.owner_of(scope, at.tree, alias)
    return value_of(owner.conditions[name], owner, at)


FORMS: dict[str, Callable[..., Value]] = {
    "literal": lambda _scope, _at, value: value,
    "list": strict(lambda _at, *items: items),
    "constant": names.constant,
    "condition": named_condition,
    "claim": names.claim,
    "user": names.user_value,
    "attr": lambda scope, at, alias, name: attributes.attribute_value(scope, at, alias, name),
    "has-attr": lambda scope, at, alias, name: attributes.has_attribute(scope, at, alias, name),
    "param": names.parameter,
    "response": names.response_value,
    "response-header": names.response_header,
    "request": names.request_value,
    "header": names.header,
    "query": names.query,
    "has-claim": names.has_claim,
    "has-user-value": names.has_user_value,
    "has-user": names.has_user,
    "asked": lambda _scope, at, name: names.asked(at, name),
    "access": names.access,
    "has-access": lambda scope, at, part, name: names.has(names.access(scope, at, part, name)),
    "not": negation,
    "not-list": negation,
    "and": conjunction,
    "all-list": conjunction,
    "or": disjunction,
    "any-list": disjunction,
    "if": choice,
    "cmp": comparison,
    "in": strict(lambda _at, item, items: item in items),
    "+": strict(lambda _at, a, b: whole(a + b)),
    "-": strict(lambda _at, a, b: whole(a - b)),
    "instant+": strict(lambda _at, a, b: moment(a + b)),
    "instant-": strict(lambda _at, a, b: length(a - b)),
    "startsWith": strict(lambda _at, text, part: text[: len(part)] == part),
    "endsWith": strict(lambda _at, text, part: part == "" or text[-len(part) :] == part),
    "contains": strict(lambda _at, text, part: part in text),
    "matches": strict(lambda _at, text, pattern: found(pattern, text)),
    "exists": lambda scope, at, *form: quantified(scope, at, "exists", *form),
    "all": lambda scope, at, *form: quantified(scope, at, "all", *form),
    "member": lambda _scope, at, name: at.members[name],
    "size": strict(lambda _at, counted: len(counted)),
    "lower": strict(lambda _at, text: ascii_lower(text)),
    "inCidr": lambda scope, at, text, cidr: FORMS["inAny"](scope, at, text, ("literal", (cidr,))),
    "inAny": strict(lambda at, text, ranges: in_any(at, text, ranges)),
    "local": lambda _scope, at, zone, part: local_field(at, zone, part),
    "timestamp": lambda _scope, _at, text: datetime.fromisoformat(text).timestamp(),
    "duration": lambda _scope, _at, text: seconds(text),
}
