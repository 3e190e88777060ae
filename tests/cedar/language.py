"""Conditions of `tests.reference.shape` as Cedar expressions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import permutations, product
from math import factorial, prod

from tests.reference.shape import UNSET, Declared, Expression, Scope

__all__ = ["Mistake", "cedar_text", "expanded", "most_orders", "orders"]

CIRCUMSTANCES = {"ip": "context.ip", "time": "context.now"}


class Mistake:
    """Wrong translations, to see that the comparison would notice a wrong evaluator."""

    LESS_EQUAL_AS_LESS = "`<=` is asked as `<`"
    HAS_IS_TRUE = "`has` is true of what is absent"
    NOT_IS_DROPPED = "`!` is dropped"
    IN_IS_TURNED = "a member of a list is none of its members"
    PREFIX_AS_SUFFIX = "startsWith is asked as endsWith"
    NETWORK_IS_ONE_SHORTER = "a network is half as large"
    BRANCHES_SWAPPED = "`?:` takes the other branch"
    PLUS_IS_MINUS = "`+` is asked as `-`"
    DEFAULT_IS_ABSENT = "a default is not used"

    ALL = (
        LESS_EQUAL_AS_LESS,
        HAS_IS_TRUE,
        NOT_IS_DROPPED,
        IN_IS_TURNED,
        PREFIX_AS_SUFFIX,
        NETWORK_IS_ONE_SHORTER,
        BRANCHES_SWAPPED,
        PLUS_IS_MINUS,
        DEFAULT_IS_ABSENT,
    )


def expanded(expression: Expression, scope: Scope) -> Expression:
    """Named conditions and constants written out: Cedar has neither. Lists become `and`, `or`."""
    form = expression[0]
    if form == "condition":
        return expanded(scope.conditions[expression[2]], scope)
    if form == "constant":
        value = scope.constants[expression[2]]
        if isinstance(value, tuple):
            return ("list", *[("literal", item) for item in value])
        return ("literal", value)
    inside = [expanded(item, scope) if isinstance(item, tuple) else item for item in expression[1:]]
    return ({"all-list": "and", "any-list": "or", "not-list": "not"}.get(form, form), *inside)


# --- orders of operands -----------------------------------------------------------------------


def most_orders(expression: Expression) -> int:
    """In how many orders the operands of every `&&` and `||` inside may be written."""
    inside = prod(most_orders(item) for item in expression[1:] if isinstance(item, tuple))
    return inside * (factorial(len(expression) - 1) if expression[0] in ("and", "or") else 1)


def orders(expression: Expression) -> Iterator[Expression]:
    """The expression with its operands of `&&` and `||` in every order, the written one first."""
    choices = [list(orders(item)) if isinstance(item, tuple) else [item] for item in expression[1:]]
    for chosen in product(*choices):
        arranged = permutations(chosen) if expression[0] in ("and", "or") else [chosen]
        for operands in arranged:
            yield (expression[0], *operands)


# --- text -------------------------------------------------------------------------------------


def cedar_text(
    expression: Expression, declared: dict[tuple[str, str], Declared], mistake: str | None = None
) -> str:
    """Cedar for an expanded expression; `declared` by (`claim` or `user`, name)."""
    return Writer(declared, mistake).text(expression)


class Writer:
    """Writes Cedar with a parenthesis around everything that is composed."""

    def __init__(self, declared: dict[tuple[str, str], Declared], mistake: str | None) -> None:
        self.declared = declared
        self.mistake = mistake
        self.forms: dict[str, Callable[..., str]] = {
            "literal": literal,
            "list": lambda *items: "[" + ", ".join(map(self.text, items)) + "]",
            "claim": lambda name: self.value("claim", name),
            "user": lambda name: self.value("user", name),
            "param": lambda name: f"resource.{name}",
            "request": lambda name: CIRCUMSTANCES.get(name, f"resource.{name}"),
            "header": lambda name: f"context.headers[{literal(name)}]",
            "query": lambda name: f"context.query[{literal(name)}]",
            "has-claim": lambda name: self.presence("claim", name),
            "has-user-value": lambda name: self.presence("user", name),
            "not": self.negation,
            "and": lambda *items: "(" + " && ".join(map(self.text, items)) + ")",
            "or": lambda *items: "(" + " || ".join(map(self.text, items)) + ")",
            "if": self.choice,
            "cmp": self.comparison,
            "in": self.membership,
            "+": lambda a, b: self.sum(a, "+", b),
            "-": lambda a, b: self.sum(a, "-", b),
            "instant-": lambda a, b: f"{self.text(a)}.durationSince({self.text(b)})",
            "instant+": lambda a, b: f"{self.text(a)}.offset({self.text(b)})",
            "duration": lambda text: f'duration("{text}")',
            "timestamp": lambda text: f'datetime("{text}")',
            "startsWith": self.prefix,
            "endsWith": lambda text, part: self.like(text, "*" + wildcards(part)),
            "contains": lambda text, part: self.like(text, "*" + wildcards(part) + "*"),
            "inCidr": lambda address, network: self.in_any(address, ("list", ("literal", network))),
            "inAny": self.in_any,
        }

    def text(self, expression: Expression) -> str:
        return self.forms[expression[0]](*expression[1:])

    # --- names ------------------------------------------------------------------------------------

    def value(self, kind: str, name: str) -> str:
        entry = self.declared.get((kind, name))
        owner = owner_of(kind)
        if entry is None or entry.default == UNSET or self.mistake == Mistake.DEFAULT_IS_ABSENT:
            return f"{owner}.{name}"
        default = entry.default
        written = (
            "[" + ", ".join(map(literal, default)) + "]"
            if isinstance(default, tuple)
            else literal(default)
        )
        return f"(if {owner} has {name} then {owner}.{name} else {written})"

    def presence(self, kind: str, name: str) -> str:
        entry = self.declared.get((kind, name))
        has_default = entry is not None and entry.default != UNSET
        if has_default or self.mistake == Mistake.HAS_IS_TRUE:
            return "true"
        return f"({owner_of(kind)} has {name})"

    # --- operators --------------------------------------------------------------------------------

    def negation(self, item: Expression) -> str:
        return (
            self.text(item) if self.mistake == Mistake.NOT_IS_DROPPED else f"(!{self.text(item)})"
        )

    def choice(self, asked: Expression, yes: Expression, no: Expression) -> str:
        if self.mistake == Mistake.BRANCHES_SWAPPED:
            yes, no = no, yes
        return f"(if {self.text(asked)} then {self.text(yes)} else {self.text(no)})"

    def comparison(self, sign: str, left: Expression, right: Expression) -> str:
        if left == ("request", "method"):  # Cedar's actions are no texts
            return f"(action {sign} {action(right)})"
        if sign == "<=" and self.mistake == Mistake.LESS_EQUAL_AS_LESS:
            sign = "<"
        return f"({self.text(left)} {sign} {self.text(right)})"

    def membership(self, item: Expression, items: Expression) -> str:
        if item == ("request", "method"):
            return f"(action in [{', '.join(map(action, items[1:]))}])"
        turned = "!" if self.mistake == Mistake.IN_IS_TURNED else ""
        if items == ("user", "groups") and item[0] == "literal":
            return f"({turned}(principal in Group::{literal(item[1])}))"
        return f"({turned}{self.text(items)}.contains({self.text(item)}))"

    def sum(self, left: Expression, sign: str, right: Expression) -> str:
        if self.mistake == Mistake.PLUS_IS_MINUS:
            sign = "-"
        return f"({self.text(left)} {sign} {self.text(right)})"

    def prefix(self, text: Expression, part: Expression) -> str:
        if self.mistake == Mistake.PREFIX_AS_SUFFIX:
            return self.like(text, "*" + wildcards(part))
        return self.like(text, wildcards(part) + "*")

    def like(self, text: Expression, pattern: str) -> str:
        return f'({self.text(text)} like "{pattern}")'

    def in_any(self, address: Expression, networks: Expression) -> str:
        tests = []
        for _, network in networks[1:]:
            if self.mistake == Mistake.NETWORK_IS_ONE_SHORTER:
                start, _, bits = network.partition("/")
                network = f"{start}/{min(int(bits) + 1, 128 if ':' in start else 32)}"
            tests.append(f'ip({self.text(address)}).isInRange(ip("{network}"))')
        return "(" + " || ".join(tests) + ")"


def owner_of(kind: str) -> str:
    return {"claim": "context.claims", "user": "principal"}[kind]


def action(expression: Expression) -> str:
    return f"Action::{literal(expression[1])}"


def literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def wildcards(part: Expression) -> str:
    """A literal text inside a `like` pattern."""
    return json.dumps(part[1], ensure_ascii=False)[1:-1].replace("*", "\\*")
