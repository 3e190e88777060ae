"""Conditions mean what they mean in Google's CEL; and mistakes planted on our side are found."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from deemster.policy.expressions import closures, generated, source, terms
from deemster.policy.expressions.types import BOOL
from tests.cel.comparison import Figures, compare
from tests.reference.shape import Expression
from tests.support.scale import scaled, seed

FORMS = {
    *("claim", "user", "param", "request", "header", "query", "has-claim", "has-user-value"),
    *("literal", "list", "not", "and", "or", "if", "cmp", "in", "+", "-", "neg"),
    *("instant+", "instant-", "timestamp", "duration", "local", "startsWith", "endsWith"),
    *("contains", "matches", "lower", "size", "exists", "all", "member"),
}


@pytest.mark.slow
def test_conditions_agree_with_cel() -> None:
    figures = compare(seed(), scaled(20_000))
    sys.stdout.write(f"{figures.pairs} answers: {dict(figures.answers)}\n")
    assert not figures.disagreements, told(figures)
    assert figures.forms.keys() >= FORMS
    # Each answer comes often enough to mean something.
    assert min(figures.answers[sort] for sort in ("true", "false", "error")) > figures.pairs / 20


def test_a_few_conditions_agree_with_cel() -> None:
    figures = compare(seed() + 1, 100)
    assert not figures.disagreements, told(figures)


def told(figures: Figures) -> str:
    return "\n".join(str(one) for one in figures.disagreements)


# --- planted mistakes ---------------------------------------------------------------------------

Change = Callable[[Expression], Expression]


def rewriting(*rules: Callable[[Expression], Expression | None]) -> Change:
    """A change of every part of an expression that one of the rules rewrites."""

    def change(expression: Expression) -> Expression:
        inner = tuple(change(item) if isinstance(item, tuple) else item for item in expression)
        for rule in rules:
            rewritten = rule(inner)
            if rewritten is not None:
                return rewritten
        return inner

    return change


FALSE, TRUE = ("literal", False), ("literal", True)


def less_equal_as_less(e: Expression) -> Expression | None:
    return ("cmp", "<", *e[2:]) if e[:2] == ("cmp", "<=") else None


def conjunction_from_the_left(e: Expression) -> Expression | None:
    return ("if", e[1], e[2], FALSE) if e[0] == "and" and len(e) == 3 else None


def disjunction_from_the_left(e: Expression) -> Expression | None:
    return ("if", e[1], TRUE, e[2]) if e[0] == "or" and len(e) == 3 else None


def prefix_anywhere(e: Expression) -> Expression | None:
    return ("contains", *e[1:]) if e[0] == "startsWith" else None


def pattern_of_the_whole(e: Expression) -> Expression | None:
    if e[0] != "matches":
        return None
    return ("matches", e[1], ("literal", f"^(?:{e[2][1]})$"))


def exists_as_all(e: Expression) -> Expression | None:
    return ("all", *e[1:]) if e[0] == "exists" else None


def absent_as_empty(e: Expression) -> Expression | None:
    if e == ("claim", "tenant"):
        return ("if", ("has-claim", "tenant"), e, ("literal", ""))
    return None


def sunday_first(e: Expression) -> Expression | None:
    if e[0] == "local" and e[2] == "weekday":
        return ("-", e, ("literal", 1))
    return None


def negation_passed_over(e: Expression) -> Expression | None:
    return e[1] if e[0] == "neg" else None


@pytest.mark.slow
@pytest.mark.parametrize(
    "mistake",
    [
        less_equal_as_less,
        conjunction_from_the_left,
        disjunction_from_the_left,
        prefix_anywhere,
        pattern_of_the_whole,
        exists_as_all,
        absent_as_empty,
        sunday_first,
        negation_passed_over,
    ],
    ids=lambda mistake: mistake.__name__,
)
def test_a_mistake_in_what_is_asked_is_found(
    mistake: Callable[[Expression], Expression | None],
) -> None:
    assert found_within(4_000, rewriting(mistake))


CLOSURES = [
    ("in_range", lambda value, kind: True),
    ("subtracted", lambda left, right: left + right),
    ("_refute_or_raise", lambda remaining, values, error: None),
    ("_affirm_or_raise", lambda remaining, values, error: None),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mistaken"), CLOSURES)
def test_a_mistake_in_the_closures_is_found(
    name: str, mistaken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closures, name, mistaken)
    assert found_within(20_000, None)


NAMES = [("ascii_lower", str.lower), ("len", lambda counted: len(str(counted).encode()))]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mistaken"), NAMES)
def test_a_mistake_in_what_generated_source_names_is_found(
    name: str, mistaken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = generated._NAMES
    builtin = names["__builtins__"]
    assert isinstance(builtin, dict)
    monkeypatch.setitem(builtin if name in builtin else names, name, mistaken)
    assert found_within(20_000, None)


FORMS_OF_SOURCE = [
    (terms.Negation, lambda source, term: source.expression(term.operand)),
    (
        terms.ComparisonTerm,
        lambda source, term: source.expression(terms.Constant(True, BOOL, term.span)),
    ),
    (terms.NegativeTerm, lambda source, term: f"-{source.expression(term.operand)}"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mistaken"), FORMS_OF_SOURCE)
def test_a_mistake_in_a_form_of_source_is_found(
    kind: type, mistaken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(source._FORMS, kind, mistaken)
    assert found_within(20_000, None)


def found_within(expressions: int, change: Change | None) -> bool:
    figures = compare(seed(), expressions, change=change, stop_at=1)
    sys.stdout.write(f"{figures.pairs} answers until it was found\n")
    return bool(figures.disagreements)
