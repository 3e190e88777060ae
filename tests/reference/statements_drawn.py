"""Random statements: of every code, for every effect, with and without places for values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from tests.reference.attributes_drawn import steps
from tests.reference.declared import Expression, JsonPath, Placed, Statement, Value
from tests.reference.jsonpaths import path_text
from tests.reference.shape import StatementName

__all__ = ["BODY_CODES", "CODES", "EFFECTS", "StatementDrawer", "some_attached"]

BODY_CODES = (
    "exclude-attributes", "include-attributes", "modify-attributes", "regex-replace-attributes",
)  # fmt: skip
CODES = (*BODY_CODES, "modify-headers", "modify-query", "denied-reason", "auth-challenge", "notify")
EFFECTS = ("permit", "deny", "permit-or-deny", "indeterminate", "anything")
MASKED: tuple[JsonPath, ...] = (
    steps("name"), steps("score"), steps("order", "owner"), steps("order"), steps("tags", 0),
    steps("order", "lines", "*", "sku"), (("below", ("name", "qty")),), steps("nowhere"),
    steps("x-y's"), steps("order", "*"), steps("tags"), steps("nums"),
)  # fmt: skip
HEADERS = ("X-Tier", "x-tier", "x-note", "x-user")


class StatementDrawer:
    """Draws the statements of one document; `values` may stand in their texts."""

    def __init__(self, rng: Random, values: Sequence[Expression]) -> None:
        self.rng = rng
        self.values = values

    def statements(self, number: int, suffix: str) -> Mapping[str, Statement]:
        found = {}
        for index in range(number):
            name = f"say_{suffix}_{index}"
            found[name] = self.statement(name)
        return found

    def statement(self, name: str) -> Statement:
        code = self.rng.choice(CODES)
        applies_to, path_matches = self.rng.choice(EFFECTS), self.rng.random() < 0.3
        if code in ("denied-reason", "auth-challenge"):
            applies_to, path_matches = "deny", False
        elif code != "notify" and not path_matches:
            applies_to = self.rng.choice(["permit", "permit", "permit-or-deny", "anything"])
        return Statement(
            name,
            code,
            applies_to,
            self.payload(code),
            obligatory=self.rng.random() < 0.35,
            path_matches=path_matches,
        )

    def payload(self, code: str) -> Value:
        draws: dict[str, Callable[[], Value]] = {
            "exclude-attributes": self.paths,
            "include-attributes": self.paths,
            "modify-attributes": lambda: {
                path_text(self.rng.choice([*MASKED[:6], steps("added"), steps("order", "new")])):
                self.value()
                for _ in range(self.rng.choice([1, 1, 2]))
            },
            "regex-replace-attributes": self.replacements,
            "modify-headers": lambda: {self.rng.choice(HEADERS): self.field()},
            "modify-query": lambda: {
                self.rng.choice(["tenant", "a"]): self.field() for _ in range(2)
            },
            "denied-reason": self.words,
            "auth-challenge": self.challenge,
            "notify": lambda: {"who": self.text(), "how": (self.text(), 1, None, True)},
        }  # fmt: skip
        return draws[code]()

    def paths(self) -> Value:
        chosen = self.rng.sample(MASKED, self.rng.choice([1, 2, 3]))
        return tuple(path_text(path) for path in chosen)

    def value(self) -> Value:
        return self.rng.choice([None, 5, True, self.text(), (1, self.text()), {"a": self.text()}])

    def field(self) -> Value:
        return self.rng.choice([None, "gold", self.text(), self.text(), ("a", self.text())])

    def replacements(self) -> Value:
        one = {"regex": self.rng.choice(["[a-z]", "old", "(.)(.)"]), "replace": self.replacement()}
        if self.rng.random() < 0.5:
            one["path"] = path_text(self.rng.choice(MASKED[:6]))
        if self.rng.random() < 0.3:
            one["flags"] = self.rng.choice(["i", "l", "il"])
        return one if self.rng.random() < 0.6 else (one, {"regex": "a", "replace": "$0$0"})

    def replacement(self) -> Value:
        """One that every expression above has the groups for."""
        return self.rng.choice(["*", "<$0>", "", self.text()])

    def words(self) -> Value:
        found: dict[str, Value] = {"code": f"say.{self.rng.randint(1, 9)}", "message": self.text()}
        if self.rng.random() < 0.3:
            found["status"] = self.rng.choice([401, 403, 404])
        return found

    def challenge(self) -> Value:
        found: dict[str, Value] = {}
        if self.rng.random() < 0.7:
            found["acr_values"] = self.rng.choice(["hwk", ("hwk", "mfa"), self.text()])
        if self.rng.random() < 0.5 or not found:
            found["max_age"] = self.rng.choice([0, 300])
        return found

    def text(self) -> Value:
        """Mostly with a value in it; sometimes nothing but a value."""
        kind = self.rng.random()
        if kind < 0.35:
            return self.rng.choice(["fixed", "a ${b}", "5 $"])
        place = self.rng.choice(self.values)
        return Placed((place,) if kind < 0.65 else ("for ", place, self.rng.choice(["!", " "])))


def some_attached(rng: Random, names: Sequence[StatementName]) -> tuple[StatementName, ...]:
    """None mostly; otherwise one or two of those that may be attached here."""
    if not names or rng.random() < 0.6:
        return ()
    return tuple(rng.sample(list(names), min(len(names), rng.choice([1, 1, 2]))))
