"""Sections 4 and 9 of the language page: names, expressions, errors; nothing is short-circuited.

Every operand is evaluated first and the tables are applied to the results, so that order can only
matter where the page says that it does: the first error in source order is the one reported.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from tests.reference.shape import (
    FAILED,
    UNSET,
    Bug,
    Call,
    Declared,
    Expression,
    Scope,
    Token,
    Tree,
    User,
    Value,
)

__all__ = ["FORMS", "REGISTERED", "Error", "Situation", "declared_in", "permissions_of", "value_of"]

ABSENT = "attribute-missing"
UNAVAILABLE = "dependency-unavailable"
WRONG = "indeterminate"
LARGEST = 2**63 - 1
SMALLEST = -(2**63)
NOTHING = object()


@dataclass(frozen=True)
class Error:
    """The third truth value; `reason` is what a deny says if this error decides."""

    reason: str


@dataclass(frozen=True)
class Situation:
    """One call beside the operation that it matched; `token` is None on a public operation."""

    tree: Tree
    call: Call
    path: str
    relative_path: str
    query: str
    params: Mapping[str, str | int]
    token: Token | None
    user: User | None
    skew: float = 0.0
    bug: str | None = None


REGISTERED = {
    **{
        name: Declared("claims", name, "string", optional=True)
        for name in ("iss", "sub", "jti", "client_id", "azp", "acr")
    },
    **{name: Declared("claims", name, "list<string>", default=()) for name in ("aud", "amr")},
    **{
        name: Declared("claims", name, "timestamp", optional=True)
        for name in ("exp", "iat", "nbf", "auth_time")
    },
}


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
    return number if SMALLEST <= number <= LARGEST else Error(WRONG)


def in_range(at: Situation, address: Value, cidr: str) -> bool:
    network = ipaddress.ip_network(cidr)
    if network.version != address.version:
        return False
    first, last = int(network.network_address), int(network.broadcast_address)
    if at.bug == Bug.CIDR_BOUND:
        return first <= int(address) < last
    return first <= int(address) <= last


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


# --- names --------------------------------------------------------------------------------------


def constant(scope: Scope, at: Situation, alias: str | None, name: str) -> Value:
    return owner_of(scope, at.tree, alias).constants[name]


def named_condition(scope: Scope, at: Situation, alias: str | None, name: str) -> Value:
    owner = owner_of(scope, at.tree, alias)
    return value_of(owner.conditions[name], owner, at)


def owner_of(scope: Scope, tree: Tree, alias: str | None) -> Scope:
    return scope if alias is None else tree.scope_of(scope.imports[alias])


def declared_in(scope: Scope, tree: Tree, kind: str) -> dict[str, Declared]:
    """What `claims` or `user` declares here: own entries and those of every import below."""
    found = {entry.name: entry for entry in scope.schema if entry.scope == kind}
    for path in scope.imports.values():
        found |= declared_in(tree.scope_of(path), tree, kind)
    return found


def claim(scope: Scope, at: Situation, name: str) -> Value:
    assert at.token is not None
    if name == "scope":
        return tuple(sorted(at.token.scopes))
    entry = claim_entry(scope, at, name)
    return declared_value(entry, at.token.claims.get(entry.claim or name, NOTHING), at)


def claim_entry(scope: Scope, at: Situation, name: str) -> Declared:
    return REGISTERED.get(name) or declared_in(scope, at.tree, "claims")[name]


def user_value(scope: Scope, at: Situation, name: str) -> Value:
    if at.user is None:
        return Error(ABSENT)
    if name == "id":
        return at.user.id
    if name == "permissions":
        return listed(permissions_of(at))
    if name in ("groups", "roles"):
        return listed({"groups": at.user.groups, "roles": at.user.roles}[name])
    if at.user.attributes == FAILED:
        return Error(UNAVAILABLE)
    assert isinstance(at.user.attributes, Mapping)
    entry = declared_in(scope, at.tree, "user")[name]
    return declared_value(entry, at.user.attributes.get(name, NOTHING), at)


def listed(part: frozenset[str] | str) -> Value:
    if part == FAILED:
        return Error(UNAVAILABLE)
    return tuple(sorted(part))


def permissions_of(at: Situation) -> frozenset[str] | str:
    """Section 5: of the claim where the provider says so, else the union over the roles."""
    assert at.token is not None
    assert at.user is not None
    if at.token.permissions is not None:
        return at.token.permissions
    if isinstance(at.user.roles, str):
        return at.user.roles
    granted: frozenset[str] = frozenset()
    for held in at.user.roles:
        matching = [
            keys
            for application in at.tree.applications.values()
            for role, keys in application.roles.items()
            if held in (f"{application.id}/{role}", role)
        ]
        if len(matching) == 1:
            granted |= frozenset(matching[0])
    return granted


def declared_value(entry: Declared, found: object, at: Situation) -> Value:
    """The table of section 9, row by row."""
    if found is NOTHING or found is None:
        if entry.default != UNSET:
            return entry.default
        if at.bug == Bug.ABSENT_AS_EMPTY and entry.type == "string":
            return ""
        return Error(ABSENT)
    if not fits(entry, found):
        return Error(WRONG)
    return tuple(found) if isinstance(found, list) else found


def fits(entry: Declared, found: Value) -> bool:
    if not {
        "string": lambda: isinstance(found, str),
        "int": lambda: is_int(found),
        "bool": lambda: isinstance(found, bool),
        "timestamp": lambda: isinstance(found, int | float) and not isinstance(found, bool),
        "list<string>": lambda: (
            isinstance(found, list) and all(isinstance(item, str) for item in found)
        ),
        "list<int>": lambda: isinstance(found, list) and all(is_int(item) for item in found),
    }[entry.type]():
        return False
    return (
        (entry.enum is None or found in entry.enum)
        and (entry.minimum is None or found >= entry.minimum)
        and (entry.maximum is None or found <= entry.maximum)
    )


def is_int(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and SMALLEST <= found <= LARGEST


def has_claim(scope: Scope, at: Situation, name: str) -> Value:
    return has(claim(scope, at, name))


def has_user_value(scope: Scope, at: Situation, name: str) -> Value:
    # `has(user)` is the question to ask of a client token; any deeper one is an error.
    return Error(ABSENT) if at.user is None else has(user_value(scope, at, name))


def has(value: Value) -> Value:
    """A default counts as present: then the value is never the error of an absent one."""
    if value == Error(ABSENT):
        return False
    return value if isinstance(value, Error) else True


def request_value(_scope: Scope, at: Situation, name: str) -> Value:
    if name == "ip":
        return client_address(at.call.ip)
    scheme, _, rest = at.call.url.partition("://")
    host = rest.split("/")[0].split("?")[0].lower()
    return {
        "method": at.call.method,
        "scheme": scheme.lower(),
        "host": host.removesuffix(":443"),
        "path": at.path,
        "relativePath": at.relative_path,
        "time": at.call.now,
    }[name]


def client_address(text: str | None) -> Value:
    if text is None:
        return Error(ABSENT)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return Error(WRONG)
    return getattr(address, "ipv4_mapped", None) or address


def header(_scope: Scope, at: Situation, name: str) -> tuple[str, ...]:
    return tuple(value for key, value in at.call.headers if key.lower() == name)


def query(_scope: Scope, at: Situation, name: str) -> tuple[str, ...]:
    pairs = [item.partition("=") for item in at.query.split("&") if item]
    return tuple(unquote(value) for key, _, value in pairs if unquote(key) == name)


FORMS: dict[str, Callable[..., Value]] = {
    "literal": lambda _scope, _at, value: value,
    "list": strict(lambda _at, *items: items),
    "constant": constant,
    "condition": named_condition,
    "claim": claim,
    "user": user_value,
    "param": lambda _scope, at, name: at.params[name],
    "request": request_value,
    "header": header,
    "query": query,
    "has-claim": has_claim,
    "has-user-value": has_user_value,
    "has-user": lambda _scope, at: at.user is not None,
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
    "instant+": strict(lambda _at, a, b: a + b),
    "instant-": strict(lambda _at, a, b: a - b),
    "startsWith": strict(lambda _at, text, part: text[: len(part)] == part),
    "endsWith": strict(lambda _at, text, part: part == "" or text[-len(part) :] == part),
    "contains": strict(lambda _at, text, part: part in text),
    "size": strict(lambda _at, counted: len(counted)),
    "lower": strict(lambda _at, text: text.lower()),
    "inCidr": lambda scope, at, address, cidr: strict(
        lambda at, address: in_range(at, address, cidr)
    )(scope, at, address),
    "inAny": strict(
        lambda at, address, ranges: any(in_range(at, address, cidr) for cidr in ranges)
    ),
    "local": lambda _scope, at, zone, part: local_field(at, zone, part),
    "timestamp": lambda _scope, _at, text: datetime.fromisoformat(text).timestamp(),
    "duration": lambda _scope, _at, text: seconds(text),
}
