"""The harness can fail: it finds each of the bugs planted in a copy of the reference."""

from __future__ import annotations

import sys

import pytest

from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.harness import compare
from tests.reference.shape import Answer, Bug, Call
from tests.support.scale import seed

TREES, CALLS = 400, 50


def answer_of(evaluator: ReferenceEvaluator, call: Call) -> Answer:
    if call.response is None:
        return evaluator.answer(call)
    return evaluator.answer_to_response(call, call.response, is_sealed=call.is_sealed)


@pytest.mark.slow
@pytest.mark.parametrize("bug", Bug.ALL)
def test_a_planted_bug_is_found(bug: str) -> None:
    figures = compare(str(seed()), TREES, CALLS, bug=bug, stop_at=1)
    assert figures.disagreements, f"not found within {figures.pairs} pairs"
    sys.stdout.write(f"found after {figures.pairs} pairs on {figures.trees} trees: {bug}\n")

    # It is the bug that was found: without it the two agree on this very call.
    [found] = figures.disagreements
    sound = ReferenceEvaluator(found.sample.tree, skew=found.sample.skew)
    buggy = ReferenceEvaluator(found.sample.tree, skew=found.sample.skew, bug=bug)
    expected, mistaken = answer_of(sound, found.call), answer_of(buggy, found.call)
    assert (found.real.permit, found.real.reason) == (expected.permit, expected.reason)
    assert (expected, sound.judged, sound.requests) != (mistaken, buggy.judged, buggy.requests)
