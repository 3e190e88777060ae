"""The compiled decision point agrees with the naive one on random trees and calls (bar B1)."""

from __future__ import annotations

import sys

import pytest

from tests.reference.harness import Figures, compare
from tests.reference.outcomes import ALGORITHMS, OUTCOMES
from tests.reference.shrinking import described, shrunk
from tests.support.scale import scaled, seed

TREES, CALLS = 2000, 50

EVALUATION_REASONS = {
    "permitted",
    "no-api-service",
    "ambiguous-path",
    "token-missing",
    "claims-missing",
    "token-expired",
    "user-unknown",
    "user-disabled",
    "no-operation",
    "scope-missing",
    "group-missing",
    "permission-missing",
    "policy-denied",
    "authentication-too-weak",
    "authentication-too-old",
    "attribute-missing",
    "dependency-unavailable",
    "indeterminate",
    "no-rule",
}
# What each algorithm can come out as: the `unless` forms know two values, but under a target in
# error they become I, and disabled or not applicable they are N.
REACHABLE = {name: set(OUTCOMES) for name in ALGORITHMS} | {
    name: {"P", "D", "N", "IP", "ID"} for name in ("deny-unless-permit", "permit-unless-deny")
}


@pytest.fixture(scope="module")
def figures() -> Figures:
    return compare(seed(), scaled(TREES), CALLS)


@pytest.mark.slow
def test_real_one_agrees_with_the_reference(figures: Figures) -> None:
    sys.stdout.write(f"{figures.summary()}\n")
    wrong = [described(shrunk(found)) for found in figures.disagreements[:3]]
    assert not wrong, "\n\n".join(wrong)
    assert figures.wrong_permits == []
    assert figures.wrong_denies == []


@pytest.mark.slow
def test_nearly_every_random_tree_loads(figures: Figures) -> None:
    drawn = figures.trees + len(figures.refused)
    assert len(figures.refused) < drawn / 10, "\n".join(figures.refused[:10])


@pytest.mark.slow
def test_every_reason_of_an_evaluation_was_reached(figures: Figures) -> None:
    assert EVALUATION_REASONS - set(figures.reasons) == set()


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_outcome_of_an_algorithm_was_reached(figures: Figures, algorithm: str) -> None:
    reached = {outcome for name, outcome in figures.outcomes if name == algorithm}
    assert reached == REACHABLE[algorithm]
