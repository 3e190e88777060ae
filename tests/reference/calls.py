"""Random calls on a tree: plain, or near the tree's own constants, paths and lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tests.reference.expressions import CIDRS, HEADERS, INTS, QUERIES, STRINGS
from tests.reference.harvest import harvest
from tests.reference.shape import (
    FAILED,
    Allow,
    AnyAll,
    Call,
    Declared,
    Operation,
    Response,
    Service,
    Template,
    Token,
    Tree,
    User,
    Value,
    World,
)
from tests.reference.statements_drawn import CODES
from tests.reference.templates import METHODS
from tests.reference.trees import ACRS, GROUPS, HOSTS, SCOPES
from tests.reference.worlds import WorldDrawer

__all__ = ["Caller"]

ODD_PAIRS = ("a", "a=", "=a", "", "a=x+y", "%61=gold", "a=%zz", "b=%C3%28", "a=b=c", "A=a")
LEEWAY = 30.0  # what half of the token providers tolerate (`harness.SKEWS`)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp()
UUIDS = ("123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-42661417400F", "123e4567")
REFUSALS = ("token-expired", "token-malformed", "token-audience-mismatch")
POOL = 6
Target = tuple[Service, Operation]


class Caller:
    """Draws calls on one tree. With `biased`, values come from the tree's own boundaries."""

    def __init__(self, tree: Tree, rng: Random, *, biased: bool) -> None:
        self.tree = tree
        self.rng = rng
        self.biased = biased
        found = harvest(tree)
        self.declared = [entry for entry in found.declared if entry.name != "jti"]
        self.texts = [*STRINGS, "c", "mfa", "pwd"]
        self.numbers = list(INTS)
        self.addresses = ["10.1.2.3", "192.0.2.200", "2001:db8::7", "172.16.0.1", "::1"]
        self.ages = [0.0, 60.0, 300.0, 1.0]
        self.locals = sorted(found.locals, key=str)
        self.instants = sorted(found.instants)
        if biased:
            near = [variant for text in sorted(found.texts) for variant in near_misses(text)]
            self.texts = near or self.texts
            self.numbers = [n + step for n in sorted(found.numbers) for step in (-1, 0, 1)] or [0]
            self.addresses = found.addresses() or [CIDRS[0].split("/")[0]]
            self.ages += sorted(found.ages)
        self.pool: list[World] = []
        self.worlds = WorldDrawer(rng, self.texts, self.numbers)
        self.targets: list[Target] = [
            (service, operation)
            for service in tree.services.values()
            for operation in service.operations
        ]

    def call(self) -> Call:
        """One call; the biased ones mostly come with what their operation asks for."""
        service, operation = self.rng.choice(self.targets)
        now = self.instant()
        method = self.rng.choice(operation.methods or METHODS)
        if self.rng.random() < 0.1:
            method = self.rng.choice([*METHODS, "HEAD", "OPTIONS", "get"])
        preflight: tuple[tuple[str, str], ...] = ()
        if self.rng.random() < (0.2 if service.preflight else 0.02):
            method, preflight = "OPTIONS", self.preflight(method)
        body, fields = self.worlds.body(now)
        return Call(
            method=method,
            url=self.url(service, operation),
            now=now,
            headers=(*self.headers(), *preflight, *fields),
            ip=self.address(),
            token=self.token(service, operation, now),
            body=body,
            world=self.world(now),
            possible=self.possible(),
        )

    def response(self, now: float) -> Response:
        """What the upstream may have answered."""
        body, fields = self.worlds.body(now)
        return Response(
            self.rng.choice([200, 200, 200, 204, 404, 500]), (*self.headers(), *fields), body
        )

    def possible(self) -> frozenset[str] | None:
        """Mostly every statement can be carried out."""
        if self.rng.random() < 0.7:
            return None
        return frozenset(code for code in CODES if self.rng.random() < 0.7)

    def world(self, now: float) -> World:
        """Mostly one of a few: drawing one takes longer than judging the call."""
        if len(self.pool) < POOL or self.rng.random() < 0.1:
            self.pool = [*self.pool[1 - POOL :], self.worlds.world(now)]
            return self.pool[-1]
        return replace(self.rng.choice(self.pool), faults=self.worlds.faults())

    def headers(self) -> tuple[tuple[str, str], ...]:
        drawn = [
            (name, self.rng.choice([text for text in self.texts if is_field(text)] or ["a"]))
            for name in (*HEADERS, *HEADERS)
            if self.rng.random() < 0.4
        ]
        numbers = [("x-number", self.number_text()) for _ in range(2) if self.rng.random() < 0.3]
        return (*drawn, *numbers)

    def preflight(self, method: str) -> tuple[tuple[str, str], ...]:
        """What a browser sends before it calls with `method`; sometimes not quite."""
        origin, wanted = ("origin", "https://app"), ("access-control-request-method", method)
        odd = [(origin,), (wanted,), (origin, wanted, wanted), (origin, origin, wanted)]
        odd += [(origin, (wanted[0], text)) for text in ("GET, PUT", "", "get", "PATCH")]
        return self.rng.choice(odd) if self.rng.random() < 0.2 else (origin, wanted)

    def number_text(self) -> str:
        odd = ["true", "false", "007", "1.0", "+1", "", "2026-11-23T09:00:00Z", "a"]
        return self.rng.choice([str(self.rng.choice(self.numbers)), self.rng.choice(odd)])

    # --- time and place -------------------------------------------------------------------------

    def instant(self) -> float:
        """Mostly a whole second; biased: on a bound of local time, or one second beside it."""
        step = self.rng.choice([-60.0, -1.0, -0.5, 0.0, 0.0, 1.0, 60.0])
        if self.biased and self.instants and self.rng.random() < 0.2:
            return self.rng.choice(self.instants) + step
        if self.biased and self.locals and self.rng.random() < 0.7:
            return self.local_bound(*self.rng.choice(self.locals)) + step
        return NOON + self.rng.randint(-200, 200) * 3601.0

    def local_bound(self, zone: str, part: str, bound: Value) -> float:
        """The first moment of the hour, minute, weekday or date that is compared with."""
        day = date(2026, self.rng.choice([3, 7, 11]), self.rng.randint(20, 30))
        minutes = 0
        if part == "date":
            day = date.fromisoformat(bound) + timedelta(days=self.rng.choice([0, 0, 1]))
        elif part == "weekday":
            day += timedelta(days=(bound - day.isoweekday()) % 7)
        else:
            minutes = bound * 60 if part == "hour" else bound
        here = datetime.combine(day, time(), tzinfo=ZoneInfo(zone)) + timedelta(minutes=minutes)
        return here.timestamp()

    def address(self) -> str | None:
        kind = self.rng.random()
        if kind < 0.05:
            return None
        return "not-an-address" if kind < 0.07 else self.rng.choice(self.addresses)

    # --- URLs -----------------------------------------------------------------------------------

    def url(self, service: Service, operation: Operation) -> str:
        path = "".join(
            "/" + segment
            for segment in self.segments(self.rng.choice(operation.templates), operation)
        )
        base = self.rng.choice(service.base_urls)
        if self.rng.random() < (0.35 if self.biased else 0.15):
            base, path = self.bent(base, path)
        pairs = [
            f"{name}={quote(self.rng.choice(self.texts), safe='')}"
            for name in (*QUERIES, *QUERIES)
            if self.rng.random() < 0.3
        ]
        pairs += [f"number={self.number_text()}" for _ in range(2) if self.rng.random() < 0.2]
        if self.rng.random() < 0.1:
            pairs.append(self.rng.choice(ODD_PAIRS))
        return base + path + ("?" + "&".join(pairs) if pairs else "")

    def segments(self, template: Template, operation: Operation) -> list[str]:
        found: list[str] = []
        for part in template:
            if part[0] == "literal":
                found.append(part[1])
            elif part[0] == "rest":
                found += [self.segment(None) for _ in range(self.rng.randint(0, 2))]
            else:
                found.append(self.segment(operation.params.get(part[-1])))
        return [quote(segment, safe="~-._") for segment in found]

    def segment(self, constraint: tuple[str, str] | None) -> str:
        """A value that mostly meets the constraint."""
        if constraint is None or self.rng.random() < 0.1:
            safe = [text for text in self.texts if text and text not in (".", "..")]
            return self.rng.choice([*[t for t in safe if not set(t) & set("/\\;%")], "a", "7"])
        if constraint[1] == "uuid":
            return self.rng.choice(UUIDS)
        if constraint[1] == "[a-z]+":
            return self.rng.choice(["a", "b", "abc", "items", "A"])
        numbers = [n for n in self.numbers if n >= 0] or [1]
        return self.rng.choice(
            [str(self.rng.choice(numbers)), "7", "12", "007", "0", "1000", str(2**63)]
        )

    def bent(self, base: str, path: str) -> tuple[str, str]:
        """A path near one that matches, or spelt differently, or one that must be refused."""
        host, slash, prefix = base.removeprefix("https://").partition("/")
        last = path.rstrip("/")
        return self.rng.choice(
            [
                (base, path + "/"),
                (base, path.removesuffix("/")),
                (base, path + "/a"),
                (base, last.rpartition("/")[0]),
                (base, path.upper()),
                (base, path.replace("a", "%61")),
                (base, path.replace("%C3%A9", "é")),
                (base, path.replace("%C3", "%c3")),
                (base, path.replace("/b", "/%2562", 1)),
                (base, path + "/%2e%2E/a"),
                (base, path + "/../a"),
                (base, path + "/x%2Fy"),
                (base, path + "/x%5Cy"),
                (base, path + "/x\\y"),
                (base, path + "//a"),
                (base, path + "/a;v=1"),
                (base, path + "/a%3bv"),
                (base, (path or "/") + "%2Fb"),
                (base, (path or "/") + ";b"),
                (base, (path or "/") + "%252Fb"),
                (base, path + "/%252e%252e"),
                (base, path + "/..%252Fa"),
                (base, path + "/%25252e./a"),
                (base, (path or "/") + "%2F..%2Fa"),
                (base, path + "/..;v/a"),
                (base, path.replace("/", "//", 1)),
                (base, path + "//"),
                (base, path + "/%00"),
                (base, path + "/%C3%28"),
                (base, path + "/100%25"),
                (base, path + "/%zz"),
                (base, ""),
                (base, "/"),
                (base, path.replace("/", "/./", 1)),
                (f"HTTPS://{host.upper()}:443{slash}{prefix}", path),
                (f"https://{host}:8443{slash}{prefix}", path),
                (f"http://{host}{slash}{prefix}", path),
                (base + "x", path),
                (self.rng.choice(HOSTS), path),
                (self.rng.choice(HOSTS) + "/svc", path),
            ]
        )

    # --- identities -----------------------------------------------------------------------------

    def token(self, service: Service, operation: Operation, now: float) -> Token | None:
        kind = self.rng.random()
        if kind < 0.03:
            return None
        if kind < 0.05:
            return Token(refused=self.rng.choice(REFUSALS))
        token = Token(
            claims={
                entry.claim or entry.name: self.claim_value(entry, now)
                for entry in self.declared
                if entry.scope == "claims" and self.rng.random() < 0.8
            },
            scopes=frozenset(name for name in SCOPES if self.rng.random() < 0.5),
            user=self.user() if self.rng.random() < 0.92 else None,
            permissions=self.some_permissions() if self.rng.random() < 0.1 else None,
        )
        if isinstance(operation.allow, Allow) and self.rng.random() < (0.8 if self.biased else 0.4):
            return self.granted(token, operation.allow, now)
        return token

    def claim_value(self, entry: Declared, now: float) -> object:
        kind = self.rng.random()
        if kind < 0.03:
            return None
        if kind < 0.06:
            return self.rng.choice([1, "a", True, ["a"], 1.5, 1.0, [1], ["a", 1], [True], {}, ""])
        if entry.name == "acr":
            return self.rng.choice([*ACRS, *self.texts])
        if entry.name == "aud":
            text = self.rng.choice(self.texts)
            return self.rng.choice([text, ["a", text]])
        if entry.name == "amr":
            return self.rng.sample([*ACRS, *self.texts[:4]], 2)
        if entry.type == "timestamp":
            return now - self.rng.choice(self.ages) + self.rng.choice([-1, 0, 0, 1, 0.5])
        return self.typed_value(entry)

    def typed_value(self, entry: Declared) -> object:
        if entry.enum is not None:
            return self.rng.choice([*entry.enum, *entry.enum, "Gold"])
        if entry.minimum is not None and entry.maximum is not None:
            return self.rng.randint(entry.minimum - 1, entry.maximum + 1)
        draw: dict[str, Callable[[], object]] = {
            "string": lambda: self.rng.choice(self.texts),
            "int": lambda: self.rng.choice(self.numbers),
            "bool": lambda: self.rng.random() < 0.5,
            "list<string>": lambda: self.rng.choices(self.texts, k=self.rng.randint(0, 3)),
            "list<int>": lambda: self.rng.choices(
                [n for n in self.numbers if abs(n) < 2**63] or [0], k=self.rng.randint(0, 3)
            ),
        }
        return draw[entry.type]()

    def user(self) -> User:
        def part(value: Value) -> Value:
            return FAILED if self.rng.random() < 0.05 else value

        roles = self.roles()
        groups = [*GROUPS, "FINANCE", "cn=finance, ou=Groups , DC=example", "ou=B+cn=a,dc=example"]
        groups += self.texts[:5]
        return User(
            id=self.rng.choice(self.texts) or "u",
            state=self.rng.choices(["enabled", "unknown", "disabled", "failing"], [94, 2, 2, 2])[0],
            groups=part(frozenset(self.rng.sample(groups, self.rng.randint(0, 4)))),
            roles=part(frozenset(self.rng.sample(roles, self.rng.randint(0, len(roles))))),
            attributes=part(
                {
                    entry.name: self.claim_value(entry, 0.0)
                    for entry in self.declared
                    if entry.scope == "user" and self.rng.random() < 0.8
                }
            ),
        )

    def roles(self) -> list[str]:
        """Full keys, bare names (some in two applications) and one that nobody declares."""
        full = [
            f"{application.id}/{role}"
            for application in self.tree.applications.values()
            for role in application.roles
        ]
        return [*full, *sorted({key.split("/")[1] for key in full}), "nobody/stranger"]

    def permissions(self) -> list[str]:
        return [
            f"{resource}:{action}"
            for application in self.tree.applications.values()
            for resource, actions in application.resources.items()
            for action in actions
        ]

    def some_permissions(self) -> frozenset[str]:
        return frozenset(key for key in self.permissions() if self.rng.random() < 0.6)

    def granted(self, token: Token, allow: Allow, now: float) -> Token:
        """What the lines ask for; each with a small chance that it is missing after all."""
        claims = dict(token.claims)
        scopes, permissions, user = token.scopes, token.permissions, token.user
        if allow.scopes is not None and self.rng.random() < 0.9:
            scopes |= frozenset(wanted(allow.scopes))
        if allow.acr and self.rng.random() < 0.9:
            claims["acr"] = self.rng.choice(allow.acr)
        if allow.max_age is not None and self.rng.random() < 0.9:
            bound = self.rng.choice([now - allow.max_age, now - allow.max_age, now, now + LEEWAY])
            claims["auth_time"] = bound + self.rng.choice([-1, 0, 0, 0.5, 1])
        if allow.permissions is not None and self.rng.random() < 0.5:
            permissions = (permissions or frozenset()) | frozenset(wanted(allow.permissions))
        if allow.groups is not None and user is not None and not isinstance(user.groups, str):
            user = replace(user, groups=user.groups | frozenset(wanted(allow.groups)[:2]))
        return replace(token, claims=claims, scopes=scopes, permissions=permissions, user=user)


def wanted(line: AnyAll) -> Sequence[str]:
    return [*line.all, *line.any[:1]]


def near_misses(text: str) -> list[str]:
    """The text itself (twice as often), and texts that only a careless comparison confuses."""
    return [text, text, text + "a", text[:-1], text.swapcase(), " " + text]


def is_field(text: str) -> bool:
    """Whether HTTP can carry the text in a header without changing it."""
    return text.isascii() and text == text.strip() and text != ""
