"""Section 3's `allow` lines: each is True, False or an error, and all are looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.reference.conditions import value_of
from tests.reference.names import REGISTERED, declared_value, permissions_of
from tests.reference.outcomes import IP, D, P
from tests.reference.shape import FAILED, Allow, AnyAll, Scope, Value
from tests.reference.situation import ABSENT, Error, Situation

__all__ = ["Allowed", "Line", "allowed"]


@dataclass(frozen=True)
class Line:
    """One line that was written: `reason` is what a deny says if `value` is False."""

    name: str
    reason: str
    value: Value

    @property
    def word(self) -> str:
        """As a trace calls it."""
        return "error" if isinstance(self.value, Error) else "holds" if self.value else self.reason


@dataclass(frozen=True)
class Allowed:
    """The section's outcome, and the reason that goes with a D or an error and its line."""

    outcome: str
    reason: str | None = None
    deciding: str | None = None
    lines: tuple[Line, ...] = ()


def allowed(allow: Allow | str, scope: Scope, at: Situation) -> Allowed:
    """What the section comes to."""
    if isinstance(allow, str):
        return Allowed(P)  # `public`, or `authenticated` after the credential was accepted
    lines = lines_of(allow, scope, at)
    for line in lines:
        if line.value is False:
            return Allowed(D, line.reason, line.name, lines)
    for line in lines:
        if isinstance(line.value, Error):
            return Allowed(IP, line.value.reason, line.name, lines)
    return Allowed(P, lines=lines)


def lines_of(allow: Allow, scope: Scope, at: Situation) -> tuple[Line, ...]:
    """The lines that are written, in the page's order."""
    age = allow.max_age
    written: list[tuple[object, str, str, Callable[[], Value]]] = [
        (allow.scopes, "scopes", "scope-missing", lambda: scopes_line(allow.scopes, at)),
        (allow.groups, "groups", "group-missing", lambda: groups_line(allow.groups, at)),
        (
            allow.permissions,
            "permissions",
            "permission-missing",
            lambda: permissions_line(allow.permissions, at),
        ),
        (allow.when, "when", "policy-denied", lambda: value_of(allow.when or (), scope, at)),
        (
            allow.acr or None,
            "authentication",
            "authentication-too-weak",
            lambda: acr_line(allow.acr, at),
        ),
        (age, "authentication", "authentication-too-old", lambda: age_line(age or 0, at)),
    ]
    return tuple(
        Line(name, reason, value()) for part, name, reason, value in written if part is not None
    )


def holds(wanted: AnyAll, held: frozenset[str]) -> bool:
    any_holds = not wanted.any or any(name in held for name in wanted.any)
    return any_holds and all(name in held for name in wanted.all)


def scopes_line(wanted: AnyAll | None, at: Situation) -> Value:
    assert wanted is not None
    return at.token is not None and holds(wanted, at.token.scopes)


def acr_line(wanted: tuple[str, ...], at: Situation) -> Value:
    found = registered_claim("acr", at)
    return found if isinstance(found, Error) else found in wanted


def groups_line(wanted: AnyAll | None, at: Situation) -> Value:
    assert wanted is not None
    if at.user is None:
        return False
    if isinstance(at.user.groups, str):
        assert at.user.groups == FAILED
        return Error("dependency-unavailable")
    forms: dict[str, Callable[[str], str]] = {
        "exact": lambda name: name,
        "ignore-case": str.casefold,
        "dn": distinguished,
    }
    normal = forms[wanted.match]
    names = AnyAll(tuple(map(normal, wanted.any)), tuple(map(normal, wanted.all)))
    return holds(names, frozenset(map(normal, at.user.groups)))


def distinguished(name: str) -> str:
    """Enough of RFC 4514 for the generator's names, which escape nothing.

    Attribute types and values in any case, blanks around `,` and `=` do not count, parts of a
    multi-valued RDN come in any order.
    """
    if "=" not in name:
        return f"not a name: {name}"
    parts = [
        "+".join(
            sorted("=".join(map(str.strip, one.split("="))).casefold() for one in rdn.split("+"))
        )
        for rdn in name.split(",")
    ]
    return ",".join(parts)


def permissions_line(wanted: AnyAll | None, at: Situation) -> Value:
    assert wanted is not None
    if at.user is None:
        return False
    held = permissions_of(at)
    if isinstance(held, str):
        return Error("dependency-unavailable")
    return holds(wanted, held)


def age_line(max_age: int, at: Situation) -> Value:
    since = registered_claim("auth_time", at)
    if since is None or isinstance(since, Error):
        return since or False
    return -at.skew <= at.call.now - since <= max_age


def registered_claim(name: str, at: Situation) -> Value:
    """None if absent: the line fails. Of a wrong type, which no step-up would mend: an error."""
    if at.token is None:
        return None
    found = declared_value(REGISTERED[name], at.token.claims.get(name), at)
    return None if found == Error(ABSENT) else found
