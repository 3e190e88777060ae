"""Attributes that judging needs: taken where they are at hand, fetched where they are not.

Each round of judging names what it needs next. INVARIANT: a round gives an answer to a fetch that
had none, so that there are no more rounds than attributes.
"""

from __future__ import annotations

import asyncio

from deemster.attributesources.fetcher import AttributeFetcher
from deemster.decisions.case import Case
from deemster.decisions.stages import Stage
from deemster.model.attributes import AttributeAnswer, AttributeFetch, FetchFailed, Origin
from deemster.policy.guards_alone import GuardsAlone
from deemster.policy.snapshot import CompiledOperation, Evaluation
from deemster.policy.values import NeedsValues, Values

__all__ = ["evaluated", "fetch_attributes"]


def evaluated(
    case: Case,
    judge: CompiledOperation | GuardsAlone,
    values: Values,
    sources: AttributeFetcher,
) -> Evaluation | NeedsValues:
    """What policy says, or what must be awaited: nothing that is at hand."""
    values.attributes = case.answers
    values.memo = case.memo
    watch = case.watch
    if watch is not None:
        watch.begin()
    evaluation = judge.evaluate(values)
    while isinstance(evaluation, NeedsValues) and _taken(case, evaluation, sources):
        case.fresh_trace()
        evaluation = judge.evaluate(values)
    case.memo = values.memo
    if watch is not None:
        watch.end(Stage.EVALUATION)
    return evaluation


def _taken(case: Case, needs: NeedsValues, sources: AttributeFetcher) -> bool:
    """Whether something was at hand that evaluation did not have yet."""
    before = len(case.answers)
    for fetch in needs.fetches:
        answer = _same_call(case, fetch) or sources.recall(fetch)
        if answer is not None:
            case.answers[fetch] = answer
    return len(case.answers) > before


def _same_call(case: Case, fetch: AttributeFetch) -> AttributeAnswer | None:
    """What another attribute got in this decision by the very same call, if it may be used."""
    for other, answer in case.answers.items():
        if other.call != fetch.call:
            continue
        if isinstance(answer, FetchFailed):
            if other.timeout == fetch.timeout:
                return answer
        elif not answer.is_value and (
            answer.origin is Origin.FETCHED or other.max_age <= fetch.max_age
        ):
            return answer
    return None


async def fetch_attributes(
    case: Case, fetches: frozenset[AttributeFetch], sources: AttributeFetcher, within: float
) -> None:
    """Await the answers, for `within` seconds at most or as long as an attribute says itself.

    An attribute that has no answer by then has failed; the decision goes on without it.
    """
    for fetch in fetches:
        share = within if fetch.timeout is None else min(within, fetch.timeout)
        try:
            async with asyncio.timeout(share):
                case.answers[fetch] = await sources.fetch(fetch, share)
        except TimeoutError:
            case.answers[fetch] = FetchFailed("no answer in time")
