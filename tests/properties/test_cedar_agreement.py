"""Decisions agree with Cedar on what both languages can say (docs/policy/cedar.md)."""

from __future__ import annotations

import sys

import pytest

from deemster.policy import folding
from deemster.policy.combining import DENY_OVERRIDES, Outcome
from tests.cedar.comparison import Figures, compare, described
from tests.cedar.language import Mistake
from tests.support.scale import scaled, seed

SHARDS = 2
"""Two tests of half the pairs, so that two workers share the work."""
TREES, CALLS = 2000, 25
FEWEST_TREES = 100
PLANTED_TREES = 400
FORMS = {
    "and", "or", "not", "if", "in", "list", "literal", "claim", "user", "param", "request",
    "header", "query", "has-claim", "has-user-value", "startsWith", "endsWith", "contains",
    "inCidr", "inAny", "+", "-", "instant+", "instant-", "duration", "timestamp",
    "cmp ==", "cmp !=", "cmp <", "cmp <=", "cmp >", "cmp >=",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_decisions_agree_with_cedar(shard: int) -> None:
    trees = max(FEWEST_TREES, scaled(TREES // SHARDS))
    figures = compare(f"cedar/{seed()}/{shard}", trees, CALLS)
    sys.stdout.write(f"{figures.summary()}\n")
    assert figures.disagreements == [], "\n\n".join(map(described, figures.disagreements[:3]))
    assert_not_vacuous(figures)


def assert_not_vacuous(figures: Figures) -> None:
    """Every form is in many policies, and every cause is that of many answers."""
    assert set(figures.forms) == FORMS
    assert min(figures.forms.values()) >= 10, figures.forms
    assert set(figures.causes) == {"permit", "forbid", "nothing", "error"}
    assert min(figures.causes.values()) >= figures.pairs / 50, figures.causes
    assert figures.with_errors - figures.order_dependent > figures.pairs / 10
    assert figures.order_dependent > 10


@pytest.mark.slow
@pytest.mark.parametrize("mistake", Mistake.ALL)
def test_a_wrong_word_on_one_side_is_found(mistake: str) -> None:
    figures = compare(f"cedar/{seed()}", PLANTED_TREES, CALLS, mistake=mistake, stop_at=1)
    assert figures.disagreements, f"not found within {figures.pairs} pairs: {mistake}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "column", "wrong"),
    [
        (Outcome.PERMIT, Outcome.DENY, Outcome.PERMIT),
        (Outcome.INDETERMINATE_D, Outcome.PERMIT, Outcome.PERMIT),
        (Outcome.PERMIT, Outcome.INDETERMINATE_D, Outcome.PERMIT),
        (Outcome.NOT_APPLICABLE, Outcome.INDETERMINATE_P, Outcome.NOT_APPLICABLE),
    ],
    ids=str,
)
def test_a_wrong_combination_is_found(
    row: Outcome, column: Outcome, wrong: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = [list(cells) for cells in DENY_OVERRIDES]
    table[row][column] = wrong
    monkeypatch.setattr(folding, "DENY_OVERRIDES", tuple(map(tuple, table)))
    figures = compare(f"cedar/{seed()}", PLANTED_TREES, CALLS, stop_at=1)
    assert figures.disagreements, f"not found within {figures.pairs} pairs"
