"""Compares the reference with the real decision point on random questions of AuthZEN."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random

from tests.reference.harness import WORDS
from tests.reference.questions import QuestionEvaluator
from tests.reference.questions_drawn import Asker, with_questions
from tests.reference.real import RealDecisionPoint, RefusedTreeError
from tests.reference.shape import Answer, Question
from tests.reference.trees import random_tree

__all__ = ["QuestionFigures", "compare_questions"]


@dataclass
class QuestionFigures:
    """What was compared; `wrong`: the question, both answers, and in what they differ."""

    questions: int = 0
    trees: int = 0
    nodes: int = 0
    carried: int = 0
    """Statements that went with the answers to pairs."""
    refused: list[str] = field(default_factory=list)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[tuple[Question, Answer, Answer, str]] = field(default_factory=list)

    def summary(self) -> str:
        """For people, after a run."""
        permits = sum(1 for _, expected, real, _ in self.wrong if real.permit > expected.permit)
        kinds = Counter(kind for kind, _ in self.reasons.elements())
        asked = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        reasons = Counter(reason for _, reason in self.reasons.elements())
        told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        return (
            f"{self.questions} questions on {self.trees} trees ({asked}), {self.nodes} nodes, "
            f"{self.carried} statements; "
            f"{len(self.refused)} trees refused; {permits} wrong permits, "
            f"{len(self.wrong)} disagreements; {told}"
        )


def compare_questions(
    seed: str, trees: int, questions: int, *, bug: str | None = None, stop_at: int | None = None
) -> QuestionFigures:
    """`questions` on each of `trees` trees. `bug` is planted in the reference."""
    figures = QuestionFigures()
    with asyncio.Runner() as runner:
        for number in range(trees):
            runner.run(_compared(seed, number, questions, figures, bug, stop_at))
            if stop_at is not None and len(figures.wrong) >= stop_at:
                break
    return figures


async def _compared(
    seed: str,
    number: int,
    questions: int,
    figures: QuestionFigures,
    bug: str | None,
    stop_at: int | None,
) -> None:
    rng = Random(f"{seed}/{number}/questions")
    tree = with_questions(random_tree(rng, WORDS), rng)
    try:
        real = RealDecisionPoint(tree, seed=number)
    except RefusedTreeError as refused:
        figures.refused.append(str(refused))
        return
    figures.trees += 1
    reference = QuestionEvaluator(tree, bug=bug)
    asker = Asker(tree, rng)
    for _ in range(questions):
        question = asker.question()
        figures.questions += 1
        expected = reference.answer_question(question)
        kind = question.kind if question.kind in ("route", "uri") else "pair"
        figures.reasons[kind, expected.reason] += 1
        figures.carried += len(expected.statements) if kind == "pair" else 0
        answer, visited = await real.question_answer(question, traced=rng.random() < 0.5)
        figures.nodes += len(visited)
        if expected.deciding is None:
            answer = replace(answer, deciding=None)
        differing = [] if answer == expected else ["answer"]
        differing += [
            f"{path}: {outcome}, reference {reference.judged.get(path)}"
            for path, outcome in visited
            if outcome not in reference.judged.get(path, set())
        ]
        if differing:
            figures.wrong.append((question, expected, answer, differing[0]))
            if stop_at is not None and len(figures.wrong) >= stop_at:
                break
