"""Sections 4, 5 and 9 of the language page: what each name stands for, and when it is an error."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from tests.reference.shape import FAILED, UNSET, Bug, Declared, Scope, Tree, Value
from tests.reference.situation import ABSENT, UNAVAILABLE, WRONG, Error, Situation, is_int

__all__ = [
    "NOTHING",
    "REGISTERED",
    "access",
    "address_of",
    "asked",
    "claim",
    "claim_type",
    "constant",
    "declared_in",
    "declared_value",
    "has",
    "has_claim",
    "has_user",
    "has_user_value",
    "header",
    "owner_of",
    "parameter",
    "permissions_of",
    "query",
    "request_value",
    "response_header",
    "response_value",
    "user_value",
]

NOTHING = object()
YEAR_1, YEAR_10000 = -62_135_596_800, 253_402_300_800

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


def constant(scope: Scope, at: Situation, alias: str | None, name: str) -> Value:
    return owner_of(scope, at.tree, alias).constants[name]


def owner_of(scope: Scope, tree: Tree, alias: str | None) -> Scope:
    return scope if alias is None else tree.scope_of(scope.imports[alias])


def declared_in(scope: Scope, tree: Tree, kind: str) -> dict[str, Declared]:
    """What `claims` or `user` declares here: own entries and those of every import below."""
    found = {entry.name: entry for entry in scope.schema if entry.scope == kind}
    for path in scope.imports.values():
        found |= declared_in(tree.scope_of(path), tree, kind)
    return found


def claim(scope: Scope, at: Situation, name: str) -> Value:
    if not at.is_sealed or (at.question is not None and at.token is None):
        return Error(ABSENT)
    assert at.token is not None
    if name == "scope":
        return tuple(sorted(at.token.scopes))
    entry = claim_entry(scope, at, name)
    found = at.token.claims.get(entry.claim or name, NOTHING)
    # RFC 7519 4.1.3: one audience may be written without its list.
    if name == "aud" and isinstance(found, str):
        found = [found]
    return declared_value(entry, found, at)


def claim_type(scope: Scope, at: Situation, name: str) -> str:
    return "list<string>" if name == "scope" else claim_entry(scope, at, name).type


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
    assert at.user is not None
    if at.token is not None and at.token.permissions is not None:
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
    kinds: dict[str, Callable[[], bool]] = {
        "string": lambda: isinstance(found, str),
        "int": lambda: is_int(found),
        "bool": lambda: isinstance(found, bool),
        "json": lambda: True,
        "timestamp": lambda: (
            isinstance(found, int | float)
            and not isinstance(found, bool)
            and YEAR_1 <= found < YEAR_10000
        ),
        "list<string>": lambda: (
            isinstance(found, list) and all(isinstance(item, str) for item in found)
        ),
        "list<int>": lambda: isinstance(found, list) and all(is_int(item) for item in found),
    }
    if not kinds[entry.type]():
        return False
    return (
        (entry.enum is None or found in entry.enum)
        and (entry.minimum is None or found >= entry.minimum)
        and (entry.maximum is None or found <= entry.maximum)
    )


def parameter(_scope: Scope, at: Situation, name: str) -> Value:
    is_known = at.is_sealed and (at.question is None or at.question.kind == "uri")
    return at.params[name] if is_known else Error(ABSENT)


def has_claim(scope: Scope, at: Situation, name: str) -> Value:
    # Without sealed state nobody knows whether there was one.
    is_known = at.is_sealed and (at.question is None or at.token is not None)
    return has(claim(scope, at, name)) if is_known else Error(ABSENT)


def has_user_value(scope: Scope, at: Situation, name: str) -> Value:
    # `has(user)` is the question to ask of a client token; any deeper one is an error.
    return Error(ABSENT) if at.user is None else has(user_value(scope, at, name))


def has(value: Value) -> Value:
    """A default counts as present: then the value is never the error of an absent one."""
    if value == Error(ABSENT):
        return False
    return value if isinstance(value, Error) else True


def has_user(_scope: Scope, at: Situation) -> Value:
    return at.user is not None if at.is_sealed else Error(ABSENT)


def response_value(_scope: Scope, at: Situation, name: str) -> Value:
    assert at.response is not None
    assert name == "status"
    return at.response.status


def response_header(_scope: Scope, at: Situation, name: str) -> tuple[str, ...]:
    assert at.response is not None
    return tuple(value for key, value in at.response.headers if key == name)


def request_value(_scope: Scope, at: Situation, name: str) -> Value:
    question = at.question
    if question is not None and question.kind != "uri" and name not in ("method", "time", "ip"):
        return Error(ABSENT)
    if name == "ip":
        return client_address(at.call.ip) if at.is_sealed else Error(ABSENT)
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
    """The address as text, in its one usual spelling."""
    if text is None:
        return Error(ABSENT)
    address = address_of(text)
    return address if isinstance(address, Error) else str(address)


def address_of(text: str) -> Value:
    """IPv4-mapped IPv6 addresses count as IPv4; what is no address is an error."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return Error(WRONG)
    return getattr(address, "ipv4_mapped", None) or address


def header(_scope: Scope, at: Situation, name: str) -> Value:
    is_unknown = at.question is not None and at.bug != Bug.UNKNOWN_AS_EMPTY
    if not at.is_sealed or is_unknown:
        return Error(ABSENT)
    return tuple(value for key, value in at.call.headers if key.lower() == name)


def query(_scope: Scope, at: Situation, name: str) -> Value:
    """As forms are read (`+` is a blank); what is malformed anywhere is an error everywhere."""
    if at.question is not None and at.question.kind != "uri":
        return Error(ABSENT)
    if re.search("%(?![0-9A-Fa-f]{2})", at.query):
        return Error(WRONG)
    pairs = [item.partition("=") for item in at.query.split("&") if item]
    try:
        return tuple(
            value
            for key, value in [(form_decoded(key), form_decoded(text)) for key, _, text in pairs]
            if key == name
        )
    except UnicodeDecodeError:
        return Error(WRONG)


def form_decoded(text: str) -> str:
    return unquote(text.replace("+", " "), errors="strict")


def asked(at: Situation, name: str) -> Value:
    """What every question of AuthZEN has."""
    assert at.question is not None
    return {
        "subject.type": "user",
        "subject.id": at.question.subject,
        "action.name": at.question.action,
        "resource.type": at.question.kind,
        "resource.id": at.question.resource,
    }[name]


def access(scope: Scope, at: Situation, part: str, name: str) -> Value:
    """A property of a question, as the caller says; nothing stored is mixed in."""
    assert at.question is not None
    entry = declared_in(scope, at.tree, part)[name]
    return declared_value(entry, at.question.said.get(part, {}).get(name, NOTHING), at)
