"""Compares the reference with the real decision point on random trees and calls."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from tests.reference.calls import Caller
from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.real import RealDecisionPoint, RefusedTreeError
from tests.reference.shape import Answer, Call, Service, Tree
from tests.reference.trees import WORDS, random_tree

__all__ = [
    "WORDS",
    "Disagreement",
    "Figures",
    "Sample",
    "compare",
    "compared",
    "disagreement",
    "samples",
]

SKEWS = (0.0, 30.0)
ANSWERED, SEALED = 0.4, 0.7
"""The part of the calls whose answer is judged too, where any policy looks at answers; and the part
of these of which the gateway kept what the request phase knew."""
TRACED = 0.5
"""The part of the calls for which every visited node's outcome is compared too."""


@dataclass(frozen=True)
class Sample:
    """A random tree with its number, which also decides how it is written and its skew."""

    number: int
    tree: Tree

    @property
    def skew(self) -> float:
        """Seconds of tolerance of the token providers."""
        return SKEWS[self.number % len(SKEWS)]


@dataclass(frozen=True)
class Disagreement:
    """One call on which the two differ; `what` says in what."""

    sample: Sample
    call: Call
    reference: Answer
    real: Answer
    what: str

    @property
    def is_wrong_permit(self) -> bool:
        """The real one let through what the reference denies."""
        return self.real.permit and not self.reference.permit


@dataclass
class Figures:
    """What a comparison did, so that nobody takes an empty one for a good one."""

    pairs: int = 0
    trees: int = 0
    nodes: int = 0
    refused: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    @property
    def wrong_permits(self) -> list[Disagreement]:
        """Real permits where the reference denies."""
        return [found for found in self.disagreements if found.is_wrong_permit]

    @property
    def wrong_denies(self) -> list[Disagreement]:
        """Real denies where the reference permits."""
        return [found for found in self.disagreements if found.reference.permit]

    def summary(self) -> str:
        """For people, after a run."""
        share = len(self.refused) / max(1, self.trees + len(self.refused))
        reasons = ", ".join(f"{name} {count}" for name, count in self.reasons.most_common())
        return (
            f"{self.pairs} pairs on {self.trees} trees, {self.nodes} nodes compared one by one; "
            f"{len(self.refused)} trees refused ({share:.1%}); "
            f"{len(self.wrong_permits)} wrong permits, {len(self.wrong_denies)} wrong denies, "
            f"{len(self.disagreements)} disagreements; {reasons}"
        )


def samples(seed: str, count: int) -> Iterator[Sample]:
    """Random trees; the same seed draws the same ones."""
    for number in range(count):
        yield Sample(number, random_tree(Random(f"{seed}/{number}"), WORDS))


def compare(
    seed: str, trees: int, calls: int, *, bug: str | None = None, stop_at: int | None = None
) -> Figures:
    """`calls` calls on each of `trees` trees, half of them biased towards boundaries.

    `bug` is planted in the reference. Ends early after `stop_at` disagreements.
    """
    figures = Figures()
    with asyncio.Runner() as runner:
        for sample in samples(seed, trees):
            runner.run(compared(sample, seed, calls, figures, bug, stop_at))
            if stop_at is not None and len(figures.disagreements) >= stop_at:
                break
    return figures


async def compared(
    sample: Sample,
    seed: str,
    calls: int,
    figures: Figures,
    bug: str | None = None,
    stop_at: int | None = None,
) -> None:
    """Both on one tree; what came out is added to `figures`."""
    try:
        real = RealDecisionPoint(sample.tree, seed=sample.number, skew=sample.skew)
    except RefusedTreeError as refused:
        figures.refused.append(str(refused))
        return
    figures.trees += 1
    reference = ReferenceEvaluator(sample.tree, skew=sample.skew, bug=bug)
    rng = Random(f"{seed}/{sample.number}/calls")
    callers = [Caller(sample.tree, rng, biased=biased) for biased in (False, True)]
    for number in range(calls):
        call = callers[number % 2].call()
        figures.pairs += 1
        response = None
        if any(map(looks_at_answers, sample.tree.services.values())) and rng.random() < ANSWERED:
            response = callers[number % 2].response(call.now)
        if response is not None and reference.answer(call).reason == "permitted-preflight":
            response = None  # it has no caller whom the state could tell of
        found = await disagreement(
            sample,
            replace(call, response=response, is_sealed=rng.random() < SEALED),
            reference,
            real,
            figures,
            traced=rng.random() < TRACED,
        )
        if found is not None:
            figures.disagreements.append(found)
            if stop_at is not None and len(figures.disagreements) >= stop_at:
                break
    figures.outcomes += reference.seen


async def both(
    call: Call, reference: ReferenceEvaluator, real: RealDecisionPoint, *, traced: bool
) -> tuple[Answer, Answer, list[tuple[str, str]]]:
    """What the reference says, what the real one says, and the nodes that it visited."""
    if call.response is None:
        expected = reference.answer(call)
        if traced:
            return expected, *(await real.traced_answer(call))
        return expected, await real.answer(call), []
    sealed = call.is_sealed
    expected = reference.answer_to_response(call, call.response, is_sealed=sealed)
    answer = await real.answer_to_response(call, call.response, is_sealed=sealed)
    if answer.reason == "ambiguous-path":
        # Of an answer it is known by then which operation the call would have matched.
        answer = replace(answer, operation=expected.operation)
    return expected, answer, []


def looks_at_answers(service: Service) -> bool:
    return bool(service.response) or any(one.response for one in service.operations)


async def disagreement(
    sample: Sample,
    call: Call,
    reference: ReferenceEvaluator,
    real: RealDecisionPoint,
    figures: Figures,
    *,
    traced: bool,
) -> Disagreement | None:
    """In what the two differ on one call, if they do."""
    expected, answer, visited = await both(call, reference, real, traced=traced)
    figures.reasons[expected.reason] += 1
    figures.nodes += len(visited)
    if expected.deciding is None:
        answer = replace(answer, deciding=None)
    if answer != expected:
        return Disagreement(sample, call, expected, answer, "answer")
    fetched = real.sources.asked
    # Once in each decision; an exchange is two.
    most = 2 if call.response is not None else 1
    too_often = any(fetched.count(request) > most for request in fetched)
    if too_often or not set(fetched) <= reference.requests:
        what = f"fetched {fetched}, reference {sorted(reference.requests)}"
        return Disagreement(sample, call, expected, answer, what)
    for path, outcome in visited:
        wanted = reference.judged.get(path, set())
        if outcome not in wanted:
            what = f"outcome of {path}: {outcome}, reference {wanted}"
            return Disagreement(sample, call, expected, answer, what)
    return None
