"""AuthZEN at a desk: the exchanges around a decision point, or around a double of one."""

from collections.abc import Callable, Mapping
from functools import partial

from deemster.app.authzen import all_of
from deemster.decisions.alike import AlikeQuestions
from deemster.decisions.point import DecisionPoint
from deemster.decisions.questions import Question
from deemster.gateways.authzen import AuthzenExchange, Begin
from deemster.gateways.authzen_bodies import read_evaluation, read_evaluations
from deemster.gateways.authzen_metadata import EVALUATION_PATH, EVALUATIONS_PATH
from deemster.gateways.authzen_questions import AuthzenQuestion
from deemster.gateways.deciding import Begun, GatewayReports, RecordedDecisions
from deemster.gateways.exchange import Exchange
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall
from tests.support.doubles import Broken, FixedDecision

__all__ = ["MOST", "a_batch", "a_question", "authzen_at"]

MOST = 20
"""Questions in one message."""


def a_question(**members: object) -> dict[str, object]:
    """A body of the evaluation API; a member given as `...` is left out."""
    said: dict[str, object] = {
        "subject": {"type": "user", "id": "alice", "properties": {"role": "admin"}},
        "action": {"name": "read"},
        "resource": {"type": "record", "id": "record-1"},
        "context": {"channel": "web"},
        **members,
    }
    return {name: value for name, value in said.items() if value is not ...}


def a_batch(**members: object) -> dict[str, object]:
    """A body of the evaluations API: one question with its subject and action as defaults."""
    evaluations = [{"resource": {"type": "record", "id": "record-1"}}]
    return a_question(**{"resource": ..., "evaluations": evaluations, **members})


def authzen_at(
    point: FixedDecision | Broken | DecisionPoint,
    decisions: RecordedDecisions,
    reports: GatewayReports,
    new_id: Callable[[], str],
    max_depth: int,
) -> Mapping[str, Exchange]:
    """By path. A double is asked as if the question were a call."""

    def begin(question: AuthzenQuestion, caller: GatewayCaller, call: ApiCall) -> Begun:
        if isinstance(point, DecisionPoint):
            return point.begin_access(
                Question(question.request, question.credential), caller, asking=call
            )
        return point.decide(call, caller)

    def begin_several() -> Begin:
        if not isinstance(point, DecisionPoint):
            return begin
        alike = AlikeQuestions(point, new_id)
        return lambda question, caller, call: alike.begin(
            Question(question.request, question.credential), caller, call
        )

    exchange = partial(
        AuthzenExchange,
        decisions=decisions,
        begin=begin,
        begin_several=begin_several,
        together=all_of,
        reports=reports,
        new_id=new_id,
    )
    one: Exchange = exchange(read=partial(read_evaluation, max_depth=max_depth))
    read_several = partial(read_evaluations, max_depth=max_depth, most=MOST)
    return {EVALUATION_PATH: one, EVALUATIONS_PATH: exchange(read=read_several)}
