"""The compiled decision point agrees with the naive one on random trees and calls (bar B1)."""

from __future__ import annotations

import sys

import pytest

from tests.reference.harness import Figures, compare
from tests.reference.outcomes import ALGORITHMS, OUTCOMES
from tests.reference.shrinking import described, shrunk
from tests.reference.statements_drawn import CODES, EFFECTS
from tests.support.scale import scaled, seed

SHARDS = 2
"""Two tests of half the pairs, so that two workers share the work."""
TREES, CALLS = 1280, 80  # a few trees are refused: over 100,000 pairs are left
FEWEST = 63
"""Trees of a shard, whatever the scale: with fewer, a rare outcome may stay out by chance."""

REASONS = {
    "permitted",
    "permitted-preflight",
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
    "body-unavailable",
    "indeterminate",
    "no-rule",
    "statement-not-possible",
}
SOURCES = {
    "http": {"value", "default", "absent", "wrong", "dependency-unavailable", "indeterminate",
             "inherited", "onError"},
    "sql": {"value", "default", "absent", "wrong", "dependency-unavailable", "inherited",
            "onError"},
    "body": {"value", "default", "absent", "wrong", "body-unavailable", "onError"},
    "header": {"value", "default", "absent", "wrong"},
    "query": {"value", "default", "absent", "wrong", "indeterminate"},
    "constant": {"value"},
    "attribute": {"value", "default", "absent", "wrong", "dependency-unavailable", "inherited",
                  "onError"},
}  # fmt: skip
"""What came of attributes by their source. `indeterminate`: what must not be asked or read."""
CODES_BUILT = {
    (f"statement {code}", word)
    for code in CODES
    for word in ("built", "beyond the protocol")
    if (code, word) != ("denied-reason", "beyond the protocol")
}
STATEMENTS = {
    ("statement", word)
    for word in ("doubtful", "obligatory and not possible", "contradicts on a permit",
                 "contradicts on a deny")
} | {("statement for", effect) for effect in EFFECTS} | {
    (f"statement {code}", "cannot be built")
    for code in ("modify-headers", "modify-query", "modify-attributes", "notify", "denied-reason",
                 "auth-challenge")
} | {("statement path-matches", word) for word in ("True", "False")}  # fmt: skip
FEATURES = {(f"attribute {kind}", word) for kind, words in SOURCES.items() for word in words}
FEATURES |= STATEMENTS | CODES_BUILT | {("response", outcome) for outcome in OUTCOMES}
OFTEN = 10
"""How often each is reached at least, in a full run."""
RARE = 0.05
"""The share of them that a smaller run may miss by chance."""
# The `unless` forms know two values; under a target in error these become I, and where the
# target does not hold, or the node is disabled, N. Nothing makes IDP of them.
OUTCOMES_OF = {name: set(OUTCOMES) for name in ALGORITHMS} | {
    name: set(OUTCOMES) - {"IDP"} for name in ("deny-unless-permit", "permit-unless-deny")
}


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_real_one_agrees_with_the_reference(shard: int) -> None:
    figures = compare(f"{seed()}/{shard}", max(FEWEST, scaled(TREES // SHARDS)), CALLS)
    sys.stdout.write(f"{figures.summary()}\n")
    assert figures.disagreements == [], "\n\n".join(
        described(shrunk(found)) for found in figures.disagreements[:3]
    )
    assert_not_vacuous(figures)


def assert_not_vacuous(figures: Figures) -> None:
    """Nearly every tree loaded, and the calls reached all that an evaluation can come to."""
    drawn = figures.trees + len(figures.refused)
    assert len(figures.refused) < drawn / 10, "\n".join(figures.refused[:10])
    assert REASONS - set(figures.reasons) == set()
    fewest = scaled(OFTEN)
    missed = {feature for feature in FEATURES if figures.outcomes[feature] < max(1, fewest)}
    assert len(missed) <= (0 if fewest >= OFTEN else RARE * len(FEATURES)), missed
    for algorithm in ALGORITHMS:
        reached = {outcome for name, outcome in figures.outcomes if name == algorithm}
        assert reached == OUTCOMES_OF[algorithm], algorithm
