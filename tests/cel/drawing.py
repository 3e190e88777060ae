"""Random expressions that both languages can say, typed; more of what is peculiar to values."""

from __future__ import annotations

from random import Random

from tests.cel.situations import CLAIMS, PARAMS, TEXTS, USER
from tests.reference.expressions import Drawer, Vocabulary
from tests.reference.shape import Expression

__all__ = ["CelDrawer"]

# CEL has no networks, and no presence of a whole map.
LEFT_OUT = {"inAny", "inCidr", "has-user"}
PATTERNS = (
    "^a", "b$", "^[a-z]+$", "^(?:gold|partner-[0-9]+)$", "^$", "", ".", "^.$", "^..$", "[0-9]",
    "(?i)^zÜrich$", "^\\pL+$", "\\w$", "^[^a]*$", "é", "(?s)^a.b$", "^a.b$", "b\\z", "a{3,}",
)  # fmt: skip


class CelDrawer(Drawer):
    """Draws conditions, and values of the other types."""

    def __init__(self, rng: Random) -> None:
        super().__init__(rng, Vocabulary(claims=CLAIMS, user=USER, params=PARAMS))

    def expression(self) -> Expression:
        """Mostly a condition; else a number or a text."""
        return self.rng.choice([self.truth, self.truth, self.truth, self.some_value])(3)

    def some_value(self, depth: int) -> Expression:
        del depth
        return self.rng.choice([self.number, self.text])()

    def atom(self) -> Expression:
        drawn = super().atom()
        while drawn[0] in LEFT_OUT:
            drawn = super().atom()
        return drawn

    def pattern(self) -> Expression:
        return ("matches", self.text(), ("literal", self.rng.choice(PATTERNS)))

    def text_comparison(self) -> Expression:
        if self.rng.random() < 0.2:
            # Letters that Unicode folds and ASCII does not.
            folded = ("literal", self.literal().lower())
            return ("cmp", self.rng.choice(("==", "!=")), ("lower", self.text()), folded)
        return super().text_comparison()

    def text_question(self) -> Expression:
        """Asked for a part, so that beginning, middle and end can be told apart."""
        question = self.rng.choice(["startsWith", "endsWith", "contains"])
        whole = self.literal()
        start = self.rng.randrange(len(whole) + 1)
        part = whole[start : start + self.rng.choice((0, 1, 2, 9))]
        return (question, self.text(), ("literal", part))

    def text_or_literal(self) -> Expression:
        return ("literal", self.literal()) if self.rng.random() < 0.75 else self.text()

    def literal(self) -> str:
        return self.rng.choice([text for text in TEXTS if "\n" not in text])

    def text(self) -> Expression:
        if self.rng.random() < 0.05:
            return ("if", self.truth(0), super().text(), self.text_or_literal())
        return super().text()

    def number(self) -> Expression:
        draw = self.rng.random()
        if draw < 0.08:
            return ("neg", super().number())
        if draw < 0.12:
            return ("if", self.truth(0), super().number(), self.number_or_literal())
        return super().number()
