"""The decision point agrees with the naive one on questions of AuthZEN: pairs, routes and URLs."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from tests.reference.questions_harness import QuestionFigures, compare_questions
from tests.reference.shape import Bug
from tests.support.scale import scaled, seed

TREES, QUESTIONS = 600, 50
FEWEST = 30
"""Trees, whatever the scale: with fewer, a rare reason may stay out by chance."""

REASONS = {
    "pair": {"permitted", "no-api-service", "no-operation", "subject-not-accepted", "user-unknown",
             "group-missing", "policy-denied", "attribute-missing", "indeterminate"},
    "route": {"permitted", "no-api-service", "no-operation", "subject-not-accepted",
              "ambiguous-path", "scope-missing", "attribute-missing"},
    "uri": {"permitted", "no-api-service", "no-operation", "subject-not-accepted",
            "ambiguous-path", "scope-missing", "policy-denied"},
}  # fmt: skip


@pytest.mark.slow
def test_questions_are_answered_as_the_reference_answers_them() -> None:
    figures = compare_questions(str(seed()), max(FEWEST, scaled(TREES)), QUESTIONS)
    sys.stdout.write(f"{figures.summary()}\n")
    assert figures.wrong == []
    assert_not_vacuous(figures)


def assert_not_vacuous(figures: QuestionFigures) -> None:
    assert len(figures.refused) < (figures.trees + len(figures.refused)) / 10, figures.refused[:5]
    reached: dict[str, Counter[str]] = {}
    for (kind, reason), count in figures.reasons.items():
        reached.setdefault(kind, Counter())[reason] += count
    assert figures.carried > 0
    for kind, reasons in REASONS.items():
        assert reasons - set(reached[kind]) == set(), kind


@pytest.mark.slow
@pytest.mark.parametrize("bug", Bug.OF_QUESTIONS)
def test_a_bug_planted_in_the_answers_to_questions_is_found(bug: str) -> None:
    figures = compare_questions(str(seed()), 400, QUESTIONS, bug=bug, stop_at=1)
    assert figures.wrong, f"not found within {figures.questions} questions"
    sys.stdout.write(f"found after {figures.questions} questions: {bug}\n")
