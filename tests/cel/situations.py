"""What conditions are compared over: declared names, random values, and both sides' forms of them.

What CEL does not know of declarations is done for it beforehand: a default stands where a value is
absent, and a timestamp is text that its own `timestamp()` reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from deemster.model.urls import canonical_url
from deemster.policy.expressions.scope import Scope
from deemster.policy.expressions.types import INT, STRING
from deemster.policy.tree import Declaration
from deemster.policy.values import Values
from tests.reference.shape import UNSET, Declared
from tests.support.conditions import NO_NAMES, a_token, a_user, declaration, values

__all__ = [
    "CLAIMS",
    "PARAMS",
    "REGISTERED",
    "SCOPE",
    "TEXTS",
    "USER",
    "Facts",
    "cel_values",
    "our_values",
    "random_facts",
]

CLAIMS = {
    entry.name: entry
    for entry in (
        Declared("claims", "partner", "string"),
        Declared("claims", "tenant", "string", optional=True),
        Declared("claims", "plan", "string", default="free"),
        Declared("claims", "tier", "string", optional=True, enum=("gold", "silver")),
        Declared("claims", "count", "int"),
        Declared("claims", "spent", "int", optional=True),
        Declared("claims", "age", "int", optional=True, minimum=0, maximum=150),
        Declared("claims", "quota", "int", default=7),
        Declared("claims", "admin", "bool"),
        Declared("claims", "vip", "bool", optional=True),
        Declared("claims", "born", "timestamp", optional=True),
        Declared("claims", "perms", "list<string>", default=()),
        Declared("claims", "tags", "list<string>", optional=True),
        Declared("claims", "levels", "list<int>", optional=True),
    )
}
USER = {
    entry.name: entry
    for entry in (
        Declared("user", "country", "string"),
        Declared("user", "department", "string", optional=True),
        Declared("user", "level", "int", optional=True, minimum=0, maximum=9),
        Declared("user", "balance", "int", optional=True),
        Declared("user", "hired", "timestamp", optional=True),
    )
}
REGISTERED = {
    **dict.fromkeys(("sub", "client_id", "acr"), "string"),
    **dict.fromkeys(("auth_time", "iat", "exp"), "timestamp"),
    **dict.fromkeys(("amr", "aud"), "list<string>"),
}
PARAMS = {"id": "string", "page": "int"}
HEADERS = ("x-tenant", "x-mode")
QUERIES = ("a", "mode")

# Not U+0000: the binding hands texts over as they are in C, ending there.
TEXTS = (
    "", "a", "ab", "b", "B", "finance", "Finance", "gold", "partner-7", "free", "10", "GET", "de",
    "zürich", "ZÜRICH", "e\u0301", "é", "\u212a", "\uffff", "\U0001f600", "\U0001f600a", "a\nb",
    "back\\slash", "it's", "a" * 300,
)  # fmt: skip
INTS = (0, 1, -1, 2, 3, 7, 9, 10, 100, 2**31, 2**53, 2**63 - 1, 2**63 - 2, -(2**63), 1 - 2**63)
INSTANTS: tuple[float, ...] = (
    0, 1, -1, 1_795_424_400, 1_795_424_399, 1_795_424_400.25, 1_795_424_400.000001, 951_782_400,
    1_774_746_000, 1_793_923_200, 253_402_300_799, -62_135_596_800,
)  # fmt: skip


def _declaration(entry: Declared) -> Declaration:
    return replace(
        declaration(entry.name, entry.type, min=entry.minimum, max=entry.maximum, enum=entry.enum),
        optional=entry.optional,
        has_default=entry.default is not UNSET,
        default=None if entry.default is UNSET else entry.default,
    )


SCOPE = Scope(
    NO_NAMES,
    {name: _declaration(entry) for name, entry in CLAIMS.items()},
    {name: _declaration(entry) for name, entry in USER.items()},
    {"id": STRING, "page": INT},
)


@dataclass(frozen=True)
class Facts:
    """One call; `user` None is a client token. What is absent is not there."""

    claims: Mapping[str, object]
    scopes: frozenset[str]
    user: Mapping[str, object] | None
    groups: frozenset[str]
    params: Mapping[str, str | int]
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    ip: str | None
    now: float


def random_facts(rng: Random) -> Facts:
    """Boundary values, and every fourth name absent."""
    claims = {
        name: _value(entry.type, rng, entry)
        for name, entry in CLAIMS.items()
        if rng.random() < 0.75
    }
    claims |= {name: _value(kind, rng) for name, kind in REGISTERED.items() if rng.random() < 0.75}
    user = {
        name: _value(entry.type, rng, entry) for name, entry in USER.items() if rng.random() < 0.75
    }
    query = "&".join(f"{rng.choice(QUERIES)}={rng.choice('ab')}" for _ in range(rng.randrange(3)))
    host, place = rng.choice(("api", "eu.api")), rng.choice("ab")
    return Facts(
        claims=claims,
        scopes=_texts(rng),
        user=user if rng.random() < 0.9 else None,
        groups=_texts(rng),
        params={"id": rng.choice(TEXTS), "page": rng.choice(INTS)},
        method=rng.choice(("GET", "POST", "DELETE")),
        url=f"https://{host}.example.com/billing/{place}?{query}",
        headers=tuple((rng.choice(HEADERS), rng.choice(TEXTS)) for _ in range(rng.randrange(3))),
        ip=rng.choice((None, "10.1.2.3", "2001:db8::1")),
        now=rng.choice([instant for instant in INSTANTS if 0 <= instant < 2**32]),
    )


def _value(kind: str, rng: Random, entry: Declared | None = None) -> object:
    if entry is not None and entry.enum is not None:
        return rng.choice(entry.enum)
    if entry is not None and entry.maximum is not None:
        return rng.choice((entry.minimum, entry.maximum, rng.randint(0, entry.maximum)))
    if kind.startswith("list<"):
        member = kind.removeprefix("list<").removesuffix(">")
        return [_value(member, rng) for _ in range(rng.choice((0, 0, 1, 2, 3, 5)))]
    pools: dict[str, tuple[object, ...]] = {
        "string": TEXTS,
        "int": INTS,
        "bool": (True, False),
        "timestamp": INSTANTS,
    }
    return rng.choice(pools[kind])


def _texts(rng: Random) -> frozenset[str]:
    return frozenset(rng.sample(TEXTS, rng.choice((0, 1, 3))))


# --- our form -----------------------------------------------------------------------------------


def our_values(facts: Facts) -> Values:
    """What our conditions read."""
    user = None if facts.user is None else a_user(groups=facts.groups, attributes=facts.user)
    return values(
        claims=a_token(facts.claims, scopes=facts.scopes),
        user=user,
        method=facts.method,
        url=facts.url,
        headers=facts.headers,
        ip=facts.ip,
        params=facts.params,
        now=facts.now,
    )


# --- CEL's form ---------------------------------------------------------------------------------


def cel_values(facts: Facts) -> dict[str, object]:
    """The same as CEL's variables; a variable that is not there makes every read an error."""
    at = our_values(facts)
    claims = {name: _plain(value, _claim_type(name)) for name, value in facts.claims.items()}
    defaults = {name: entry.default for name, entry in CLAIMS.items() if entry.default is not UNSET}
    found: dict[str, object] = {
        "claims": {
            **{name: _plain(value, CLAIMS[name].type) for name, value in defaults.items()},
            "amr": [],
            "aud": [],
            **claims,
            "scope": sorted(facts.scopes),
        },
        "params": dict(facts.params),
        "request": {
            "method": facts.method,
            "scheme": "https",
            "host": canonical_url(facts.url).host,
            "path": at.url.path,
            "relativePath": at.relative_path,
            "time": _instant(facts.now),
            **({} if facts.ip is None else {"ip": facts.ip}),
            "headers": {
                name: [value for found, value in facts.headers if found == name] for name in HEADERS
            },
            "query": {name: _parameter(facts.url, name) for name in QUERIES},
        },
    }
    if facts.user is not None:
        found["user"] = {
            **{name: _plain(value, USER[name].type) for name, value in facts.user.items()},
            "id": "alice",
            "groups": sorted(facts.groups),
            "roles": ["accountant"],
            "permissions": [],
        }
    return found


def _claim_type(name: str) -> str:
    return CLAIMS[name].type if name in CLAIMS else REGISTERED[name]


def _plain(value: object, kind: str) -> object:
    if kind == "timestamp":
        assert isinstance(value, int | float)
        return _instant(value)
    return list(value) if isinstance(value, tuple | list) else value


def _instant(seconds: float) -> str:
    whole = int(seconds // 1)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        seconds=whole, microseconds=round((seconds - whole) * 1_000_000)
    )
    return moment.isoformat().replace("+00:00", "Z")


def _parameter(url: str, name: str) -> list[str]:
    pairs = [pair.partition("=") for pair in url.partition("?")[2].split("&") if pair]
    return [value for found, _, value in pairs if found == name]
