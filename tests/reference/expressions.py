"""Random expressions that are well typed: each method draws one of its type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.reference.shape import Declared, Expression

__all__ = ["CIDRS", "INTS", "STRINGS", "ZONES", "Drawer", "Vocabulary"]

STRINGS = (
    "a", "ab", "b", "finance", "Finance", "gold", "partner-7", "partner-", "o'brien", "", "10",
    "zürich", "x y", "GET", "POST", "back\\slash", "app-0/clerk", "clerk", "res0:view",
    "10.255.255.255", "192.0.2.0", "ZÜRICH",
)  # fmt: skip
INTS = (0, 1, 2, 3, 5, 7, 9, 10, 100, -1, -5, 2**31, 2**63 - 1, -(2**63) + 1)
CIDRS = (
    "10.0.0.0/8", "192.0.2.0/24", "192.0.2.128/25", "198.51.100.7/32", "203.0.113.0/30",
    "2001:db8::/32", "2001:db8:1::/126",
)  # fmt: skip
ZONES = ("Europe/Berlin", "UTC", "America/New_York", "Asia/Kolkata")
INSTANTS = ("2026-11-23T09:00:00Z", "2026-03-29T01:00:00Z", "2026-07-01T00:00:00Z")
DURATIONS = ("1s", "300s", "5m", "2h", "0s")
DATES = ("2026-11-23", "2026-11-22", "2026-07-01")
# Python's own engine reads these as RE2 does.
PATTERNS = (
    "^a",
    "b$",
    "^[a-z]+$",
    "^(?:gold|partner-[0-9]+)$",
    "^$",
    ".",
    "^.{2}$",
    "\\\\.",
    "[0-9]",
)
VARIABLES = ("m", "one")
ORDER = ("<", "<=", ">", ">=")
EQUALITY = ("==", "!=")
HEADERS = ("x-tenant", "x-mode")
QUERIES = ("a", "mode")


@dataclass
class Vocabulary:
    """The names that an expression may use. Constants and conditions: (alias or None, name)."""

    claims: dict[str, Declared] = field(default_factory=dict)
    user: dict[str, Declared] = field(default_factory=dict)
    constants: dict[tuple[str | None, str], object] = field(default_factory=dict)
    conditions: list[tuple[str | None, str]] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    attributes: dict[tuple[str | None, str], Declared] = field(default_factory=dict)
    is_response: bool = False
    """Whether there is an upstream's answer to speak of."""
    may_name_claims: bool = True
    may_name_user: bool = True
    must_be_total: bool = False
    """Nothing that can be in error: what a deny child of permit-unless-deny needs."""


class Drawer:
    """Draws expressions over one vocabulary."""

    def __init__(self, rng: Random, words: Vocabulary) -> None:
        self.rng = rng
        self.words = words
        self.errors_allowed = not words.must_be_total
        self.claims_allowed = words.may_name_claims and self.errors_allowed
        self.variable: str | None = None
        self.user_allowed = words.may_name_user and self.errors_allowed

    def condition(self, depth: int = 3) -> Expression:
        """What stands in `when`: an expression, or lists of them."""
        if depth > 0 and self.rng.random() < 0.2:
            items = [self.condition(depth - 1) for _ in range(self.rng.randint(1, 3))]
            return self.rng.choice([("all-list", *items), ("any-list", *items)])
        if depth > 0 and self.rng.random() < 0.07:
            return ("not-list", self.condition(depth - 1))
        return self.truth(depth)

    def truth(self, depth: int) -> Expression:
        """A boolean."""
        if depth <= 0 or self.rng.random() < 0.45:
            return self.atom()
        return self.rng.choice([self.negated, self.joined, self.joined, self.chosen])(depth - 1)

    def negated(self, depth: int) -> Expression:
        return ("not", self.truth(depth))

    def joined(self, depth: int) -> Expression:
        items = [self.truth(depth) for _ in range(self.rng.randint(2, 3))]
        return (self.rng.choice(["and", "or"]), *items)

    def chosen(self, depth: int) -> Expression:
        return ("if", self.truth(depth), self.truth(depth), self.truth(depth))

    def atom(self) -> Expression:
        kinds: list[Callable[[], Expression]] = [
            self.text_comparison, self.text_comparison, self.text_question, self.membership,
            self.number_comparison, self.number_comparison, self.time_comparison,
        ]  # fmt: skip
        if self.variable is not None:
            kinds += [self.member_question] * 6
        elif self.words.conditions:
            kinds += [self.named] * 2
        if self.errors_allowed:
            kinds += [self.network, self.network, self.pattern]
            kinds += [self.quantified] * 2 if self.variable is None else []
        if self.claims_allowed:
            kinds += [self.presence, self.instants, self.tier, self.flag, self.membership]
        if self.user_allowed:
            kinds += [self.presence_of_user, self.membership]
        if self.words.attributes:
            kinds += [self.about_attribute] * 4
        if self.words.is_response:
            kinds += [self.about_response] * 3
        return self.rng.choice(kinds)()

    def about_attribute(self) -> Expression:
        """One attribute, in a question that its type allows."""
        key, entry = self.rng.choice(list(self.words.attributes.items()))
        name: Expression = ("attr", *key)
        if entry.type == "json" or self.rng.random() < 0.15:
            return ("has-attr", *key)
        questions: dict[str, Callable[[], Expression]] = {
            "bool": lambda: name,
            "timestamp": lambda: ("cmp", self.rng.choice(ORDER), name, ("request", "time")),
            "list<string>": lambda: ("in", ("literal", self.rng.choice(STRINGS)), name),
            "list<int>": lambda: ("in", ("literal", self.rng.choice(INTS)), name),
            "int": lambda: self.about_number(name, entry),
            "string": lambda: self.about_text(name, entry),
        }
        return questions[entry.type]()

    def about_number(self, name: Expression, entry: Declared) -> Expression:
        if entry.minimum is not None:
            bound = ("literal", self.rng.choice([0, 50, 100]))
            return ("cmp", self.rng.choice([*ORDER, "=="]), name, bound)
        bound = ("literal", self.rng.choice(INTS))
        return ("cmp", self.rng.choice([*ORDER, *EQUALITY, "<="]), name, bound)

    def about_text(self, name: Expression, entry: Declared) -> Expression:
        if entry.enum is not None:
            member = ("literal", self.rng.choice(entry.enum))
            return ("cmp", self.rng.choice(EQUALITY), name, member)
        literal = ("literal", self.rng.choice(STRINGS))
        if self.rng.random() < 0.3:
            return (self.rng.choice(["startsWith", "endsWith", "contains"]), name, literal)
        return ("cmp", self.rng.choice([*EQUALITY, *ORDER]), name, literal)

    def about_response(self) -> Expression:
        if self.rng.random() < 0.4:
            header = ("response-header", self.rng.choice(HEADERS))
            return ("in", ("literal", self.rng.choice(STRINGS)), header)
        status = ("literal", self.rng.choice([200, 204, 404, 500]))
        return ("cmp", self.rng.choice([*ORDER, *EQUALITY]), ("response", "status"), status)

    # --- booleans without booleans inside -------------------------------------------------------

    def named(self) -> Expression:
        return ("condition", *self.rng.choice(self.words.conditions))

    def flag(self) -> Expression:
        names = self.names(self.words.claims, "bool")
        if not names:
            return self.presence()
        flag = ("claim", self.rng.choice(names))
        if self.rng.random() < 0.5:
            return flag
        return ("cmp", self.rng.choice(EQUALITY), flag, ("literal", self.rng.random() < 0.5))

    def tier(self) -> Expression:
        """An enumerated claim against members of its enumeration."""
        entries = [
            entry for entry in self.words.claims.values() if entry.enum and entry.type == "string"
        ]
        if not entries:
            return self.presence()
        entry = self.rng.choice(entries)
        assert entry.enum is not None
        members = [("literal", member) for member in entry.enum]
        if self.rng.random() < 0.4:
            chosen = self.rng.sample(members, self.rng.randint(1, len(members)))
            return ("in", ("claim", entry.name), ("list", *chosen))
        sign = self.rng.choice(EQUALITY)
        return ("cmp", sign, ("claim", entry.name), self.rng.choice(members))

    def presence(self) -> Expression:
        names = [*self.words.claims, "sub", "client_id", "acr", "scope", "amr"]
        return ("has-claim", self.rng.choice(names))

    def presence_of_user(self) -> Expression:
        if self.rng.random() < 0.3:
            return ("has-user",)
        names = [*self.words.user, "id", "groups", "permissions"]
        return ("has-user-value", self.rng.choice(names))

    def text_comparison(self) -> Expression:
        sign = self.rng.choice([*EQUALITY, *EQUALITY, *ORDER])
        return ("cmp", sign, *self.either_way(self.text(), self.text_or_literal()))

    def text_question(self) -> Expression:
        question = self.rng.choice(["startsWith", "endsWith", "contains"])
        return (question, self.text(), self.text_or_literal())

    def pattern(self) -> Expression:
        return ("matches", self.text(), ("literal", self.rng.choice(PATTERNS)))

    def quantified(self) -> Expression:
        kind, items = self.rng.choice(["exists", "all"]), self.texts()
        self.variable = variable = self.rng.choice(VARIABLES)
        question = self.truth(2)
        self.variable = None
        return (kind, variable, items, question)

    def member_question(self) -> Expression:
        """Something that is asked of the member of a list."""
        member = ("member", self.variable)
        sign = self.rng.choice([*EQUALITY, *ORDER])
        return self.rng.choice(
            [
                ("cmp", sign, *self.either_way(member, self.text_or_literal())),
                ("startsWith", member, self.text_or_literal()),
                ("matches", member, ("literal", self.rng.choice(PATTERNS))),
                ("in", member, self.texts()),
                ("inCidr", member, self.rng.choice(CIDRS)),
            ]
        )

    def number_comparison(self) -> Expression:
        if self.claims_allowed and self.rng.random() < 0.3:
            return self.bounded()
        sign = self.rng.choice([*EQUALITY, *ORDER, "<="])
        return ("cmp", sign, *self.either_way(self.number(), self.number_or_literal()))

    def bounded(self) -> Expression:
        """A claim or attribute with a declared range against a number in that range."""
        both = {"claim": self.words.claims}
        if self.user_allowed:
            both["user"] = self.words.user
        entries = [
            (kind, entry)
            for kind, declared in both.items()
            for entry in declared.values()
            if entry.minimum is not None and entry.maximum is not None
        ]
        if not entries:
            return ("cmp", self.rng.choice(ORDER), self.number(), self.number_or_literal())
        kind, entry = self.rng.choice(entries)
        assert entry.minimum is not None
        assert entry.maximum is not None
        bound = ("literal", self.rng.randint(entry.minimum, entry.maximum))
        return ("cmp", self.rng.choice([*ORDER, "=="]), (kind, entry.name), bound)

    def membership(self) -> Expression:
        if self.claims_allowed and self.rng.random() < 0.2:
            names = self.names(self.words.claims, "list<int>")
            if names:
                return ("in", self.number_or_literal(), ("claim", self.rng.choice(names)))
        return ("in", self.text_or_literal(), self.texts())

    def network(self) -> Expression:
        address: Expression = ("request", "ip")
        if self.rng.random() < 0.15:
            address = self.text()
        lists = [
            name
            for name, value in self.words.constants.items()
            if isinstance(value, tuple) and value and value[0] in CIDRS
        ]
        if lists and self.rng.random() < 0.5:
            return ("inAny", address, ("constant", *self.rng.choice(lists)))
        if self.rng.random() < 0.3:
            ranges = self.rng.sample(CIDRS, self.rng.randint(1, 3))
            return ("inAny", address, ("list", *[("literal", cidr) for cidr in ranges]))
        return ("inCidr", address, self.rng.choice(CIDRS))

    def time_comparison(self) -> Expression:
        zone = self.rng.choice(ZONES)
        part = self.rng.choice(["hour", "minute_of_day", "weekday", "date"])
        here = ("local", zone, part)
        if part == "date":
            sign = self.rng.choice([*EQUALITY, *ORDER])
            return ("cmp", sign, here, ("literal", self.rng.choice(DATES)))
        top = {"hour": 23, "minute_of_day": 1439, "weekday": 7}[part]
        lowest = 1 if part == "weekday" else 0
        bound = self.rng.choice([0, 1, 7, 480, 540, 1080, top, self.rng.randint(0, top)])
        literal = ("literal", max(lowest, min(bound, top)))
        return ("cmp", self.rng.choice([*ORDER, "=="]), here, literal)

    def instants(self) -> Expression:
        sign = self.rng.choice(ORDER)
        if self.rng.random() < 0.5:
            age = ("instant-", ("request", "time"), self.instant())
            return ("cmp", sign, age, ("duration", self.rng.choice(DURATIONS)))
        return ("cmp", sign, self.instant(), ("request", "time"))

    # --- terms ----------------------------------------------------------------------------------

    def instant(self) -> Expression:
        names = ["auth_time", "iat", "exp", *self.names(self.words.claims, "timestamp")]
        kind = self.rng.random()
        if kind < 0.6:
            return ("claim", self.rng.choice(names))
        if kind < 0.8:
            return ("timestamp", self.rng.choice(INSTANTS))
        step = ("duration", self.rng.choice(DURATIONS))
        return ("instant+", ("claim", self.rng.choice(names)), step)

    def text(self) -> Expression:
        """A string that is not a literal."""
        sources: list[Expression] = [("request", name) for name in ("method", "host", "scheme")]
        sources += [("request", "path"), ("request", "relativePath")]
        if self.errors_allowed:
            sources.append(("request", "ip"))
        sources += [
            ("param", name) for name, kind in self.words.params.items() if kind != "int"
        ] * 3
        sources += [("constant", *name) for name in self.constants(str)]
        if self.claims_allowed:
            names = [*self.names(self.words.claims, "string"), "sub", "client_id", "acr"]
            sources += [("claim", name) for name in names] * 2
        if self.user_allowed:
            sources += [("user", name) for name in self.names(self.words.user, "string")] * 2
            sources.append(("user", "id"))
        sources += [("attr", *key) for key in self.attributes("string")] * 2
        chosen = self.rng.choice(sources)
        return ("lower", chosen) if self.rng.random() < 0.1 else chosen

    def text_or_literal(self) -> Expression:
        if self.rng.random() < 0.75:
            return ("literal", self.rng.choice(STRINGS))
        return self.text()

    def number(self) -> Expression:
        """An int that is not a literal."""
        sources: list[Expression] = [("size", self.texts(may_be_literal=False))]
        sources += [("size", self.text())]
        sources += [
            ("param", name) for name, kind in self.words.params.items() if kind == "int"
        ] * 3
        sources += [("constant", *name) for name in self.constants(int)]
        if self.claims_allowed:
            sources += [("claim", name) for name in self.names(self.words.claims, "int")] * 3
        if self.user_allowed:
            sources += [("user", name) for name in self.names(self.words.user, "int")] * 3
        sources += [("attr", *key) for key in self.attributes("int")] * 3
        chosen = self.rng.choice(sources)
        # Arithmetic on constants alone is done at load, where an overflow is refused.
        if self.errors_allowed and chosen[0] != "constant" and self.rng.random() < 0.2:
            other = self.number_or_literal()
            return (self.rng.choice(["+", "-"]), *self.either_way(chosen, other))
        return chosen

    def number_or_literal(self) -> Expression:
        if self.rng.random() < 0.75:
            return ("literal", self.rng.choice(INTS))
        return self.number()

    def texts(self, *, may_be_literal: bool = True) -> Expression:
        """A list of strings."""
        sources: list[Expression] = [("header", self.rng.choice(HEADERS))]
        if self.errors_allowed:
            sources.append(("query", self.rng.choice(QUERIES)))
        if may_be_literal:
            members = self.rng.sample(STRINGS, self.rng.randint(1, 4))
            sources += [("list", *[("literal", member) for member in members])] * 2
            sources += [("constant", *name) for name in self.constants(tuple)] * 2
        if self.claims_allowed:
            names = [*self.names(self.words.claims, "list<string>"), "scope", "amr", "aud"]
            sources += [("claim", name) for name in names] * 2
        if self.user_allowed:
            sources += [("user", name) for name in ("groups", "permissions", "roles")]
            sources += [("user", name) for name in self.names(self.words.user, "list<string>")]
        sources += [("attr", *key) for key in self.attributes("list<string>")] * 2
        return self.rng.choice(sources)

    # --- odds and ends --------------------------------------------------------------------------

    def either_way(self, a: Expression, b: Expression) -> Sequence[Expression]:
        return (a, b) if self.rng.random() < 0.8 else (b, a)

    def names(self, declared: dict[str, Declared], kind: str) -> list[str]:
        """Declared names of a type that any constant may be compared with."""
        return [
            name
            for name, entry in declared.items()
            if entry.type == kind and entry.enum is None and entry.minimum is None
        ]

    def attributes(self, kind: str) -> list[tuple[str | None, str]]:
        """Attributes of a type that any constant may be compared with."""
        return [
            key
            for key, entry in self.words.attributes.items()
            if entry.type == kind and entry.enum is None and entry.minimum is None
        ]

    def constants(self, kind: type) -> list[tuple[str | None, str]]:
        return [
            name
            for name, value in self.words.constants.items()
            if isinstance(value, kind)
            and not isinstance(value, bool)
            and not (isinstance(value, tuple) and not isinstance(value[0], str))
        ]
