"""The one function of a condition says what its closures say: value, error, place, and needs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import msgspec

from deemster.errors import EvaluationError
from deemster.model.identity import NOT_FETCHED
from deemster.policy.expressions.closures import Test, compile_condition
from deemster.policy.values import NeedsValues, Values
from tests.cel.drawing import CelDrawer
from tests.cel.notation import our_text
from tests.cel.situations import SCOPE, our_values, random_facts
from tests.support.conditions import a_user, findings_of
from tests.support.scale import scaled, seed

JUNK: tuple[object, ...] = (
    None, 0, 5, -1, 2**63, 1.0, 1.5, float("nan"), float("inf"), True, "", "x", "gold", [], ["a"],
    [1, "a"], {"a": 1}, ("a",), frozenset({"a"}), "\ud800",
)  # fmt: skip


def outcome(test: Test, at: Values) -> object:
    at.address = at.memo = None
    try:
        return test(at)
    except EvaluationError as error:
        return error.message, error.reason, error.span
    except NeedsValues as needed:
        return needed.parts


def situation(rng: Random) -> Values:
    """As for CEL, and whatever a token, a directory and a gateway may send besides."""
    at = our_values(replace(random_facts(rng), ip=rng.choice((None, "10.1.2.3", "::1", "nobody"))))
    assert at.claims is not None
    junk = {name: rng.choice(JUNK) for name in at.claims.claims if rng.random() < 0.2}
    at.claims = msgspec.structs.replace(at.claims, claims={**at.claims.claims, **junk})
    if rng.random() < 0.05:
        at.claims = None
    draw = rng.random()
    down = OSError("down")
    if draw < 0.1:
        at.user = a_user(groups=NOT_FETCHED, roles=NOT_FETCHED, attributes=NOT_FETCHED)
    elif draw < 0.2:
        at.user = a_user(groups=down, roles=down, attributes=down)
    elif draw < 0.5 and at.user is not None:
        at.user = a_user(attributes={"level": rng.choice(JUNK), "country": rng.choice(JUNK)})
    if rng.random() < 0.05:
        at.url = msgspec.structs.replace(at.url, query="%zz")
    if rng.random() < 0.03:
        at.now = rng.choice((1e18, -1e18, 253_402_300_800.0))
    return at


class AnyDrawer(CelDrawer):
    """Also what CEL cannot say."""

    def atom(self) -> tuple[object, ...]:
        return super(CelDrawer, self).atom()


def test_a_condition_says_what_its_closures_say() -> None:
    rng = Random(seed())
    seen: set[type] = set()
    for number in range(scaled(10_000)):
        text = our_text(AnyDrawer(rng).truth(3), number)
        checked = findings_of(text, SCOPE).checked
        assert checked is not None, text
        quick = compile_condition(checked)
        full = compile_condition(checked, watch=lambda _, test: test)
        for _ in range(4):
            at = situation(rng)
            expected = outcome(full, at)
            assert outcome(quick, at) == expected, (text, at.claims, at.user, at.now)
            seen.add(type(expected))
    assert bool in seen
    assert tuple in seen
