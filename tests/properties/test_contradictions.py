"""What the analyses call impossible never happens, whatever a call, a token and a user hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import EvaluationError
from deemster.model.identity import UserContext
from deemster.policy.analysis.contradictions import Goal, Prover, Want
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.closures import compile_condition
from deemster.policy.values import Values
from tests.support.conditions import (
    a_library,
    a_scope,
    a_token,
    a_user,
    checked_condition,
    findings_of,
    values,
)
from tests.support.scale import scaled

# Few names and few constants, so that parts of a condition meet on the same name.
TEXTS = ("claims.partner", "claims.tenant", "claims.plan", "params.id", "user.department")
TEXT = st.sampled_from([*TEXTS, "claims.partner.lower()", "request.method"])
WORD = st.sampled_from(["'a'", "'b'", "'ab'", "'A'", "''"])
NUMBER = st.sampled_from(
    ["claims.age", "claims.count", "user.level", "claims.count + 1", "size(claims.perms)"]
)
CONSTANT = st.integers(-1, 4).map(str)
ORDER = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
COLOUR = st.sampled_from(["'red'", "'blue'"])


def joined(*parts: str | st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts and strategies of texts, one after another."""
    return st.tuples(*[st.just(part) if isinstance(part, str) else part for part in parts]).map(
        " ".join
    )


ATOMS = st.one_of(
    joined(TEXT, ORDER, WORD),
    joined(WORD, ORDER, TEXT),
    joined(TEXT, ORDER, TEXT),
    joined(NUMBER, ORDER, CONSTANT),
    joined(NUMBER, ORDER, NUMBER),
    joined("claims.tier", st.sampled_from(["==", "!="]), st.sampled_from(["'gold'", "'silver'"])),
    joined(TEXT, "in [", WORD, ",", WORD, "]"),
    joined(NUMBER, "in [", CONSTANT, ",", CONSTANT, "]"),
    joined(WORD, "in", st.sampled_from(["claims.perms", "claims.scope", "user.groups"])),
    joined(COLOUR, "in claims.colours"),
    joined(TEXT, "in claims.perms"),
    st.tuples(TEXT, st.sampled_from(["startsWith", "endsWith", "contains"]), WORD).map(
        lambda parts: f"{parts[0]}.{parts[1]}({parts[2]})"
    ),
    st.sampled_from(
        [
            *[f"has({name})" for name in ("claims.tenant", "claims.plan", "user.department")],
            *("has(claims.tier)", "has(user.level)", "has(user)", "has(claims.levels)"),
            *("claims.admin", "claims.admin == false", "true", "false", "lib.named", "lib.other"),
            *("'x' in request.headers['x-a']", "size(request.headers['x-a']) == 0"),
            *(
                "request.ip.inCidr('10.0.0.0/8')",
                "request.ip.inAny(['10.0.0.0/8', '192.0.2.0/24'])",
            ),
            "time.local('UTC').hour < 9",
        ]
    ),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map("!({})".format),
        st.lists(inner, min_size=2, max_size=4).map(" && ".join).map("({})".format),
        st.lists(inner, min_size=2, max_size=3).map(" || ".join).map("({})".format),
        st.tuples(inner, inner, inner).map(lambda three: "({} ? {} : {})".format(*three)),
    ),
    max_leaves=7,
)
CONJUNCTIONS = st.lists(CONDITIONS, min_size=1, max_size=3).map(" && ".join)
SCOPE = a_scope(
    a_library(
        conditions={
            "lib.named": "claims.partner == 'a'",
            "lib.other": "claims.count > 2 || has(claims.tenant)",
        }
    )
)

text = st.sampled_from(["a", "b", "ab", "A", "", "x", 7])
number = st.sampled_from([-1, 0, 1, 2, 3, 4, 9, 150, 151, "1"])
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "partner": text,
        "tenant": text,
        "plan": text,
        "tier": st.sampled_from(["gold", "silver", "bronze", None]),
        "age": number,
        "count": number,
        "admin": st.sampled_from([True, False, "true"]),
        "p1.permissions": st.lists(text, max_size=3),
        "levels": st.lists(number, max_size=2),
        "colours": st.lists(st.sampled_from(["red", "blue", "green"]), max_size=2),
    },
)
USERS = st.one_of(
    st.none(),
    st.builds(
        lambda attributes, groups: a_user(attributes=attributes, groups=groups),
        st.fixed_dictionaries({}, optional={"level": number, "department": text}),
        st.sampled_from([frozenset(), frozenset({"a"}), frozenset({"a", "b"})]),
    ),
)


@st.composite
def situations(draw: st.DrawFn) -> Values:
    user: UserContext | None = draw(USERS)
    return values(
        claims=a_token(
            draw(CLAIMS), scopes=draw(st.sampled_from([frozenset(), frozenset({"a", "b"})]))
        ),
        user=user,
        method=draw(st.sampled_from(["a", "b", "GET"])),
        params={"id": draw(st.sampled_from(["a", "b", "ab", "A", "z"]))},
        headers=draw(st.sampled_from([(), (("x-a", "x"),), (("x-a", "y"),)])),
        ip=draw(st.sampled_from([None, "10.1.1.1", "192.0.2.1", "198.51.100.1", "no address"])),
        now=1_795_424_400 + draw(st.sampled_from([0, 5, -9])) * 3600,
    )


def condition(text: str) -> CheckedExpr | None:
    """None where the text is one that no tree loads with."""
    return findings_of(text, SCOPE).checked


def value(checked: CheckedExpr, situation: Values) -> bool | None:
    """None for an error."""
    try:
        return compile_condition(checked)(situation)
    except EvaluationError:
        return None


MEANING: dict[Want, set[bool | None]] = {
    Want.TRUE: {True},
    Want.FALSE: {False},
    Want.NOT_FALSE: {True, None},
    Want.NOT_TRUE: {False, None},
}


@given(
    st.lists(st.tuples(CONJUNCTIONS, st.sampled_from(Want)), min_size=1, max_size=3),
    st.lists(situations(), min_size=8, max_size=8),
)
@settings(max_examples=scaled(10_000), deadline=None)
def test_requirements_that_are_called_contradictory_are_met_by_nothing(
    written: list[tuple[str, Want]], drawn: list[Values]
) -> None:
    goals = []
    for text, want in written:
        checked = condition(text)
        if checked is None:
            return
        goals.append((checked, want))
    if Prover().contradictory([Goal(checked.term, want) for checked, want in goals]):
        for situation in drawn:
            met = [value(checked, situation) in MEANING[want] for checked, want in goals]
            assert not all(met)


CONTRADICTIONS = [
    "claims.tier == 'gold' && claims.tier == 'silver'",
    "claims.tier != 'gold' && claims.tier != 'silver'",
    "user.level > 9",
    "user.level > 3 && user.level < 4",
    "claims.count > 3 && claims.count < 3",
    "claims.count > 3 && 3 > claims.count",
    "'a' in claims.scope && !('a' in claims.scope)",
    "claims.tier == 'gold' && (claims.tier == 'silver' || user.level > 9)",
    "!has(claims.tenant) && claims.tenant == 'x'",
    "has(claims.tenant) && !has(claims.tenant)",
    "!has(user) && user.level == 3",
    "!has(user) && has(user.level)",
    "claims.partner == params.id && params.id != claims.partner",
    "claims.partner < params.id && params.id < claims.partner",
    "claims.partner == 'x' && params.id == 'y' && claims.partner == params.id",
    "claims.partner < claims.partner",
    "claims.count != claims.count",
    "claims.partner.lower() == 'ABC'",
    "claims.partner.startsWith('a') && claims.partner.startsWith('b')",
    "claims.partner.endsWith('.org') && claims.partner == 'example.com'",
    "claims.partner in ['a', 'b'] && !(claims.partner in ['b', 'a', 'c'])",
    "claims.admin && claims.admin == false",
    "'x' in request.headers['x-a'] && size(request.headers['x-a']) == 0",
    "time.local('UTC').weekday in [1, 2] && time.local('UTC').weekday > 5",
    "request.time > timestamp('2026-01-01T00:00:00Z') && "
    "request.time < timestamp('2025-01-01T00:00:00Z')",
    "lib.named && claims.partner == 'b'",
    "claims.partner == 'a' ? claims.partner == 'b' : false",
]


@pytest.mark.parametrize("text", CONTRADICTIONS)
def test_contradiction_is_seen(text: str) -> None:
    checked = checked_condition(text, SCOPE)
    assert Prover().contradictory([Goal(checked.term, Want.TRUE)])


@pytest.mark.parametrize(
    "text",
    [
        "claims.tier == 'gold' && claims.plan == 'silver'",
        "user.level > 3 && user.level < 5",
        "claims.partner.startsWith('a') && claims.partner.startsWith('ab')",
        "claims.partner != params.id",
        "has(claims.tenant) && claims.tenant == 'x'",
        "!has(claims.tenant) || claims.tenant == 'x'",
        "'a' in claims.scope && !('b' in claims.scope)",
    ],
)
def test_what_may_hold_is_not_called_a_contradiction(text: str) -> None:
    checked = checked_condition(text, SCOPE)
    assert not Prover().contradictory([Goal(checked.term, Want.TRUE)])


def test_target_in_error_is_no_target_that_is_false() -> None:
    """A rule counts where the target around it is in error: nothing else may be concluded."""
    target = checked_condition("claims.tenant == 'a'").term
    other = checked_condition("claims.plan == 'b'").term
    same = checked_condition("claims.tenant == 'b'").term
    assert Prover().contradictory([Goal(target, Want.NOT_FALSE), Goal(same, Want.TRUE)])
    both = checked_condition("claims.tenant == 'a' && claims.plan == 'a'").term
    assert Prover().contradictory([Goal(both, Want.NOT_FALSE), Goal(other, Want.TRUE)])
    either = checked_condition("claims.tenant == 'a' || claims.plan == 'b'").term
    assert not Prover().contradictory([Goal(either, Want.NOT_FALSE), Goal(same, Want.TRUE)])


def test_many_alternatives_are_given_up_and_nothing_is_claimed() -> None:
    small = " && ".join(f"(claims.age == {n} || claims.count == {n})" for n in (1, 2, 3))
    assert Prover().contradictory([Goal(checked_condition(small).term, Want.TRUE)])
    wide = " && ".join(f"('{n}' in claims.perms || '{n}' in claims.amr)" for n in range(9))
    hidden = checked_condition(f"{small} && {wide}")
    assert not Prover().contradictory([Goal(hidden.term, Want.TRUE)])


def test_prover_whose_effort_is_spent_claims_nothing() -> None:
    goal = Goal(checked_condition("claims.count > 3 && claims.count < 3").term, Want.TRUE)
    prover = Prover(steps=11)
    assert [prover.contradictory([goal]) for _ in range(4)] == [True, True, False, False]
