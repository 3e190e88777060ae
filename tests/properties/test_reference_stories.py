"""What the language page says of its own examples, asked of the reference and of the real one."""

from __future__ import annotations

import asyncio

import pytest

from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.real import RealDecisionPoint
from tests.reference.shape import Call
from tests.reference.stories import STORIES, TREE

stories = pytest.mark.parametrize(
    ("call", "reason", "code"),
    [story[1:] for story in STORIES],
    ids=[story[0] for story in STORIES],
)


@stories
def test_reference_tells_the_story(call: Call, reason: str, code: str | None) -> None:
    answer = ReferenceEvaluator(TREE).answer(call)
    assert (answer.reason, answer.denied_code) == (reason, code)
    assert answer.permit == (reason == "permitted")


@pytest.fixture(scope="module")
def real() -> RealDecisionPoint:
    return RealDecisionPoint(TREE)


@stories
def test_real_one_tells_the_same_story(
    real: RealDecisionPoint, call: Call, reason: str, code: str | None
) -> None:
    answer = asyncio.run(real.answer(call))
    assert (answer.reason, answer.denied_code) == (reason, code)
    assert answer.permit == (reason == "permitted")
