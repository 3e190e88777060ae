"""One expression over one situation, put to both, and what each says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings

from deemster.errors import EvaluationError
from deemster.policy.expressions.closures import compile_condition, compile_expression
from deemster.policy.expressions.types import BOOL
from deemster.policy.values import Values
from tests.cel.drawing import CelDrawer
from tests.cel.notation import cel_text, our_text
from tests.cel.situations import SCOPE, Facts, cel_values, our_values, random_facts
from tests.reference.shape import Expression
from tests.support.conditions import findings_of

__all__ = ["ERROR", "Disagreement", "Figures", "compare", "said_by_cel", "said_by_us"]

ERROR = "error"
REFUSED = "refused at load"

_MAP = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
_ENVIRONMENT = cel.NewEnv(
    variables=dict.fromkeys(("claims", "user", "params", "request"), _MAP),
    extensions=[ext_strings.ExtStrings()],
)

SITUATIONS_EACH = 2
"""Situations over which each expression is asked."""


def said_by_cel(text: str, variables: dict[str, object]) -> object:
    """A value, or ERROR. What CEL's own checker refuses is a mistake of ours, and raised."""
    # Unchecked: the checker does not take a member of a member as the range of a macro.
    found = _ENVIRONMENT.compile(text, disable_check=True).eval(data=variables)
    return ERROR if found.type() == cel.Type.ERROR else found.plain_value()


def said_by_us(text: str) -> Callable[[Values], object] | str:
    """A function to a value or ERROR, or why the text was refused."""
    found = findings_of(text, SCOPE, is_value=True)
    if found.checked is None:
        return f"{REFUSED}: {found.items[0].message}"
    compiled = (
        compile_condition(found.checked)
        if found.checked.type is BOOL
        else compile_expression(found.checked)
    )

    def said(at: Values) -> object:
        try:
            return compiled(at)
        except EvaluationError:
            return ERROR

    return said


@dataclass(frozen=True)
class Disagreement:
    """What was asked of both, over what, and the two answers."""

    ours: str
    theirs: str
    facts: Facts
    our_answer: object
    cel_answer: object

    def __str__(self) -> str:
        return (
            f"{self.ours}\n  is {self.our_answer!r} here, and in CEL {self.cel_answer!r}\n"
            f"  written for CEL: {self.theirs}\n  over {self.facts}"
        )


@dataclass
class Figures:
    """What a comparison did, so that nobody takes an empty one for a good one."""

    pairs: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)


Change = Callable[[Expression], Expression]


def compare(
    seed: int, expressions: int, *, change: Change | None = None, stop_at: int = 5
) -> Figures:
    """Ask both. `change` alters what is asked here and not there: a planted mistake."""
    figures = Figures()
    rng = Random(seed)
    for number in range(expressions):
        drawn = CelDrawer(rng).expression()
        figures.forms.update(_forms(drawn))
        ours = our_text(drawn if change is None else change(drawn), number)
        theirs = cel_text(drawn, number)
        asked = said_by_us(ours)
        for _ in range(SITUATIONS_EACH):
            facts = random_facts(rng)
            answer = asked(our_values(facts)) if callable(asked) else asked
            expected = said_by_cel(theirs, cel_values(facts))
            figures.pairs += 1
            figures.answers[_sort(expected)] += 1
            if (type(answer), answer) != (type(expected), expected):
                figures.disagreements.append(Disagreement(ours, theirs, facts, answer, expected))
                if len(figures.disagreements) >= stop_at:
                    return figures
    return figures


def _sort(answer: object) -> str:
    if answer == ERROR:
        return ERROR
    return str(answer).lower() if isinstance(answer, bool) else type(answer).__name__


def _forms(expression: Expression) -> set[str]:
    found = {str(expression[0])}
    for item in expression[1:]:
        if isinstance(item, tuple) and item:
            found |= _forms(item)
    return found
