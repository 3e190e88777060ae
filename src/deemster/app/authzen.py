"""AuthZEN, wired: which exchanges are served at which paths, and what is told of the service."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from deemster.decisions.alike import AlikeQuestions
from deemster.decisions.point import DecisionPoint
from deemster.decisions.questions import Question
from deemster.decisions.shadowed import Deciding
from deemster.gateways.adapter import WireAnswer
from deemster.gateways.authzen import AuthzenExchange, Begin
from deemster.gateways.authzen_bodies import read_evaluation, read_evaluations
from deemster.gateways.authzen_metadata import (
    EVALUATION_PATH,
    EVALUATIONS_PATH,
    metadata,
    metadata_path,
)
from deemster.gateways.authzen_questions import AuthzenQuestion
from deemster.gateways.deciding import Begun, GatewayReports, Pending, RecordedDecisions
from deemster.gateways.exchange import Exchange
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall
from deemster.settings.model import Settings

__all__ = ["AT_ONCE", "all_of", "authzen_exchanges", "authzen_pages"]

Answer = TypeVar("Answer")

AT_ONCE = 16
"""Questions of one message that are waited for at the same time."""


def authzen_exchanges(
    settings: Settings,
    point: Deciding,
    decisions: RecordedDecisions,
    reports: GatewayReports,
    new_id: Callable[[], str],
) -> Mapping[str, Exchange]:
    """By path: at the protocol's own, and below the path of the public base URL."""

    def begin(question: AuthzenQuestion, caller: GatewayCaller, call: ApiCall) -> Begun:
        return point.begin_access(
            Question(question.request, question.credential), caller, asking=call
        )

    def begin_several() -> Begin:
        # A shadow is told of decisions that were made, each with its own question.
        if not isinstance(point, DecisionPoint):
            return begin
        alike = AlikeQuestions(point, new_id)

        def begin_alike(question: AuthzenQuestion, caller: GatewayCaller, call: ApiCall) -> Begun:
            return alike.begin(Question(question.request, question.credential), caller, call)

        return begin_alike

    exchange = partial(
        AuthzenExchange,
        decisions=decisions,
        begin=begin,
        begin_several=begin_several,
        together=all_of,
        reports=reports,
        new_id=new_id,
    )
    depth, most = settings.limits.depth, settings.authzen.max_evaluations
    one: Exchange = exchange(read=partial(read_evaluation, max_depth=depth))
    several: Exchange = exchange(read=partial(read_evaluations, max_depth=depth, most=most))
    served: dict[str, Exchange] = {}
    for base in {"", urlsplit(settings.authzen.public_base_url or "").path}:
        served |= {base + EVALUATION_PATH: one, base + EVALUATIONS_PATH: several}
    return served


def authzen_pages(settings: Settings) -> Mapping[str, WireAnswer]:
    """The metadata by path; none where nobody said how the service is known."""
    url = settings.authzen.public_base_url
    return {} if url is None else {metadata_path(url): metadata(url)}


async def all_of(pending: Sequence[Pending[Answer]]) -> list[Answer]:
    """Wait for all, `AT_ONCE` at a time; their order is kept."""
    waiting = deque(enumerate(pending))
    answers: dict[int, Answer] = {}

    async def work() -> None:
        while waiting:
            position, next_one = waiting.popleft()
            answers[position] = await next_one

    async with asyncio.TaskGroup() as workers:
        for _ in range(min(AT_ONCE, len(pending))):
            workers.create_task(work())
    return [answers[position] for position in range(len(pending))]
