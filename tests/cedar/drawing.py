"""Random trees and calls of what Deemster's policy language and Cedar have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from random import Random

from tests.cedar.language import expanded, most_orders
from tests.reference.expressions import CIDRS, DURATIONS, HEADERS, QUERIES
from tests.reference.shape import (
    UNSET,
    Allow,
    Call,
    Declared,
    Expression,
    Operation,
    PolicySet,
    Rule,
    Scope,
    Service,
    Token,
    Tree,
    User,
)

__all__ = ["CommonTree", "random_call", "random_common_tree"]

STRINGS = ("a", "ab", "b", "gold", "Gold", "partner-7", "o'brien", "", "zürich", "x*y", 'q"t', "\\")
INTS = (0, 1, 2, 3, 7, -1, -5, 100, 2**31, 2**63 - 1, -(2**63) + 1)
GROUPS = ("finance", "Finance", "ops")
METHODS = ("GET", "POST", "PUT")
ADDRESSES = (
    "10.0.0.0", "10.255.255.255", "11.0.0.0", "9.255.255.255", "192.0.2.127", "192.0.2.128",
    "192.0.2.255", "198.51.100.7", "198.51.100.8", "203.0.113.3", "203.0.113.4", "2001:db8::",
    "2001:db7:ffff::", "2001:db8:1::3", "2001:db8:1::4", "::1", "not-an-address",
)  # fmt: skip
NOON = 1_795_435_200
MOST_ORDERS = 24
"""Of one condition: each is asked of Cedar where the written one is in error."""
TYPES = {
    "name": "string", "tier": "string", "level": "int", "amount": "int", "vip": "bool",
    "tags": "list<string>", "nums": "list<int>",
}  # fmt: skip
DEFAULTS: dict[str, object] = {
    "string": "a", "int": 7, "bool": False, "list<string>": ("a",), "list<int>": (1, 2),
}  # fmt: skip


@dataclass(frozen=True)
class CommonTree:
    """A tree of one operation, and the same as a flat list of what permits and what forbids.

    `rules`: effect and condition; the conjunction of a rule's `when` and the targets above it.
    """

    tree: Tree
    rules: tuple[tuple[str, Expression], ...]
    declared: tuple[Declared, ...]


def random_common_tree(rng: Random) -> CommonTree:
    """The same state of `rng` draws the same one."""
    while True:
        drawn = Author(rng).tree()
        if all(most_orders(condition) <= MOST_ORDERS for _, condition in drawn.rules):
            return drawn


class Author:
    """Draws one tree: rules anywhere that Cedar's one flat set has an equal for."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.ids = count(1)
        self.schema: tuple[Declared, ...] = (
            *[
                self.declared(kind, f"{name}_{kind[0]}", type_)
                for kind in ("claims", "user")
                for name, type_ in TYPES.items()
            ],
            Declared("claims", "since", "timestamp", optional=True),
        )
        self.scope = Scope(
            schema=self.schema,
            constants={"NETS": tuple(rng.sample(CIDRS, 2)), "LIMIT": rng.choice(INTS[:8])},
        )
        self.rules: list[tuple[str, Expression]] = []
        self.has_parameter = False

    def declared(self, kind: str, name: str, type_: str) -> Declared:
        entry = Declared(kind, name, type_)
        choice = self.rng.random()
        if choice < 0.35:
            return replace(entry, optional=True)
        return replace(entry, default=DEFAULTS[type_]) if choice < 0.65 else entry

    def tree(self) -> CommonTree:
        named = {f"cond_{number}": self.condition(1) for number in range(2)}
        self.scope = replace(self.scope, conditions=named)
        guards = [self.policy("deny", 1, ()) for _ in range(self.rng.choice([0, 0, 1]))]
        # Named conditions and the service's guards know no path parameter; what follows does.
        self.has_parameter = True
        own = [self.policy("deny", 1, ()) for _ in range(self.rng.choice([0, 0, 0, 1]))]
        policies = [self.policy(None, 2, ()) for _ in range(self.rng.choice([0, 1, 1, 1, 2]))]
        allow: Allow | None = None
        if not policies or self.rng.random() < 0.2:
            condition = self.condition(2)
            allow = Allow(when=condition)
            # `allow` refuses where it does not hold, and grants where nothing else has to.
            self.rules.append(("forbid", ("not", expanded(condition, self.scope))))
            if not policies:
                self.rules.append(("permit", ("literal", True)))
        operation = Operation(
            "asked", None, ((("literal", "items"), ("param", "id")),), allow=allow,
            policies=tuple(policies), guards=tuple(own),
        )  # fmt: skip
        service = Service(
            "common",
            ("https://api.example.com/svc",),
            True,
            (operation,),
            self.scope,
            tuple(guards),
        )
        return CommonTree(Tree({"services/common.yaml": service}), tuple(self.rules), self.schema)

    def policy(self, only: str | None, depth: int, above: tuple[Expression, ...]) -> PolicySet:
        """Deny-overrides: what Cedar does, however the rules are grouped."""
        target = self.condition(1) if self.rng.random() < 0.3 else None
        above = (*above, target) if target is not None else above
        children: list[Rule | PolicySet] = []
        for _ in range(self.rng.choice([1, 2, 2, 3, 4])):
            if depth > 1 and self.rng.random() < 0.2:
                children.append(self.policy(only, depth - 1, above))
            else:
                children.append(self.rule(only, above))
        return PolicySet(f"set-{next(self.ids)}", "deny-overrides", tuple(children), target)

    def rule(self, only: str | None, above: tuple[Expression, ...]) -> Rule:
        effect = only or self.rng.choice(["permit", "permit", "permit", "deny"])
        when = self.condition(2) if self.rng.random() < 0.95 else None
        conditions = [
            expanded(part, self.scope) for part in (*above, when) if part is not None
        ] or [("literal", True)]
        condition = conditions[0] if len(conditions) == 1 else ("and", *conditions)
        self.rules.append(("permit" if effect == "permit" else "forbid", condition))
        return Rule(f"rule-{next(self.ids)}", effect, when)

    def condition(self, depth: int) -> Expression:
        while True:
            found = Conditions(self.rng, self.scope, has_parameter=self.has_parameter).condition(
                depth
            )
            if most_orders(expanded(found, self.scope)) <= MOST_ORDERS:
                return found


class Conditions:
    """Draws conditions that both languages can say."""

    def __init__(self, rng: Random, scope: Scope, *, has_parameter: bool) -> None:
        self.rng = rng
        self.scope = scope
        self.has_parameter = has_parameter

    def condition(self, depth: int, *, in_yaml: bool = True) -> Expression:
        """`in_yaml`: where lists of conditions may stand, which no expression can hold."""
        if depth <= 0 or self.rng.random() < 0.4:
            return self.atom()
        form = self.rng.choice(["not", "and", "and", "or", "or", "if"])
        if in_yaml and form != "if" and self.rng.random() < 0.4:
            form = {"not": "not-list", "and": "all-list", "or": "any-list"}[form]
        number = {"not": 1, "not-list": 1, "if": 3}.get(form) or self.rng.choice([2, 2, 3])
        in_yaml = form.endswith("-list")
        return (form, *[self.condition(depth - 1, in_yaml=in_yaml) for _ in range(number)])

    def atom(self) -> Expression:
        atoms: list[Callable[[], Expression]] = [
            self.text_equality, self.text_equality, self.pattern, self.member, self.member,
            self.order, self.order, self.flag, self.presence, self.presence, self.network,
            self.method, self.instant,
        ]  # fmt: skip
        if self.scope.conditions:
            atoms.append(self.named)
        return self.rng.choice(atoms)()

    def named(self) -> Expression:
        return ("condition", None, self.rng.choice(sorted(self.scope.conditions)))

    def text_equality(self) -> Expression:
        left, right = self.value("string"), self.value_or_literal("string", STRINGS)
        return ("cmp", self.rng.choice(["==", "!="]), left, right)

    def pattern(self) -> Expression:
        form = self.rng.choice(["startsWith", "endsWith", "contains"])
        return (form, self.value("string"), ("literal", self.rng.choice(STRINGS)))

    def member(self) -> Expression:
        kind = self.rng.random()
        if kind < 0.2:
            return ("in", self.value_or_literal("int", INTS), self.value("list<int>"))
        if kind < 0.4:
            members = [("literal", text) for text in self.rng.sample(STRINGS, 3)]
            return ("in", self.value("string"), ("list", *members))
        if kind < 0.55:
            return ("in", ("literal", self.rng.choice(GROUPS)), ("user", "groups"))
        lists = [
            self.value("list<string>"), ("header", self.rng.choice(HEADERS)),
            ("query", self.rng.choice(QUERIES)), ("claim", "scope"),
        ]  # fmt: skip
        return ("in", self.value_or_literal("string", STRINGS), self.rng.choice(lists))

    def order(self) -> Expression:
        sign = self.rng.choice(["<", "<=", "<=", ">", ">=", "==", "!="])
        return ("cmp", sign, self.number(), self.number_or_literal())

    def number(self) -> Expression:
        number = self.value("int")
        if self.rng.random() < 0.3:
            return (self.rng.choice(["+", "-"]), number, self.value_or_literal("int", INTS))
        return number

    def number_or_literal(self) -> Expression:
        if self.rng.random() < 0.1:
            return ("constant", None, "LIMIT")
        literal = ("literal", self.rng.choice(INTS[:8]))
        return literal if self.rng.random() < 0.7 else self.number()

    def flag(self) -> Expression:
        flag = self.value("bool")
        if self.rng.random() < 0.5:
            return flag
        return ("cmp", self.rng.choice(["==", "!="]), flag, ("literal", self.rng.random() < 0.5))

    def presence(self) -> Expression:
        entry = self.rng.choice(self.scope.schema)
        return ({"claims": "has-claim", "user": "has-user-value"}[entry.scope], entry.name)

    def network(self) -> Expression:
        address: Expression = ("request", "ip")
        if self.rng.random() < 0.1:
            address = self.value("string")
        if self.rng.random() < 0.3:
            return ("inAny", address, ("constant", None, "NETS"))
        return ("inCidr", address, self.rng.choice(CIDRS))

    def method(self) -> Expression:
        if self.rng.random() < 0.5:
            sign = self.rng.choice(["==", "!="])
            return ("cmp", sign, ("request", "method"), ("literal", self.rng.choice(METHODS)))
        members = [("literal", method) for method in self.rng.sample(METHODS, 2)]
        return ("in", ("request", "method"), ("list", *members))

    def instant(self) -> Expression:
        since, now = ("claim", "since"), ("request", "time")
        sign = self.rng.choice(["<", "<=", ">", ">="])
        step = ("duration", self.rng.choice(DURATIONS))
        return self.rng.choice(
            [
                ("cmp", sign, since, now),
                ("cmp", sign, ("instant-", now, since), step),
                ("cmp", sign, ("instant+", since, step), now),
                ("cmp", sign, since, ("timestamp", "2026-11-23T12:00:00Z")),
            ]
        )

    def value(self, type_: str) -> Expression:
        names: list[Expression] = [
            ({"claims": "claim", "user": "user"}[entry.scope], entry.name)
            for entry in self.scope.schema
            if entry.type == type_
        ]
        if type_ == "string":
            names += [("request", "path"), ("user", "id"), ("request", "host")]
            names += [("param", "id")] * 2 if self.has_parameter else []
        return self.rng.choice(names)

    def value_or_literal(self, type_: str, literals: tuple[object, ...]) -> Expression:
        if self.rng.random() < 0.7:
            return ("literal", self.rng.choice(literals))
        return self.value(type_)


def random_call(rng: Random, tree: CommonTree) -> Call:
    """Values are absent or of their declared types: Cedar knows neither wrong ones nor outages."""
    now = NOON + rng.choice([0, 0, 1, -1, 0.5, 3600])
    claims = values_of(rng, tree, "claims")
    if rng.random() < 0.7:
        step = rng.choice([0, 1, -1, 0.5, 300, 301, 299.5, 7200])
        claims["since"] = now - step if rng.random() < 0.8 else NOON + step
    segment = rng.choice([text for text in STRINGS if text.isalnum() and text.isascii()])
    queries = [f"{name}={rng.choice(['a', 'gold', 'b'])}" for name in QUERIES if rng.random() < 0.5]
    return Call(
        method=rng.choice(METHODS),
        url=f"https://api.example.com/svc/items/{segment}"
        + ("?" + "&".join(queries) if queries else ""),
        now=float(now),
        headers=tuple(
            (name, rng.choice(["a", "gold", "partner-7"]))
            for name in (*HEADERS, *HEADERS)
            if rng.random() < 0.4
        ),
        ip=rng.choice(ADDRESSES),
        token=Token(
            claims=claims,
            scopes=frozenset(rng.sample(STRINGS[:5], rng.randint(0, 3))),
            user=User(
                id=rng.choice(STRINGS[:6]),
                groups=frozenset(rng.sample(GROUPS, rng.randint(0, 2))),
                attributes=values_of(rng, tree, "user"),
            ),
        ),
    )


def values_of(rng: Random, tree: CommonTree, kind: str) -> dict[str, object]:
    draws: dict[str, Callable[[], object]] = {
        "string": lambda: rng.choice((*STRINGS, "10.1.2.3", "partner-8", "x1y")),
        "int": lambda: rng.choice(INTS) if rng.random() < 0.7 else rng.randint(-6, 8),
        "bool": lambda: rng.random() < 0.5,
        "list<string>": lambda: rng.choices(STRINGS, k=rng.randint(0, 3)),
        "list<int>": lambda: rng.choices(INTS, k=rng.randint(0, 3)),
    }
    found: dict[str, object] = {}
    for entry in tree.declared:
        if entry.scope != kind or entry.type not in draws:
            continue
        # A plain declaration is mostly met, so that most pairs have no error at all.
        odds = 0.93 if not entry.optional and entry.default == UNSET else 0.7
        if rng.random() < odds:
            found[entry.name] = draws[entry.type]()
        elif rng.random() < 0.3:
            found[entry.name] = None  # JSON null counts as absent
    return found
