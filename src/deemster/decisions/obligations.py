"""What must or may go with an answer, and whether the calling gateway can do it.

Source: policy-language section 8. A permit stands only with all that it is tied to: an obligatory
statement that could not be made, or that this protocol cannot carry out in this phase, and two
that contradict each other, turn it into a deny.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from deemster.model.decision import LeftOut, Reason, Statement
from deemster.policy.combining import Outcome
from deemster.policy.snapshot import Evaluation
from deemster.policy.statements.codes import KnownCode
from deemster.policy.statements.merging import contradictions

__all__ = ["carried_out"]


def carried_out(evaluation: Evaluation, possible: Container[str]) -> Evaluation:
    """The evaluation with the statements that the gateway is told; a deny where some must and
    cannot be. `possible` holds the codes that it can carry out.

    INVARIANT: what comes back is no permit unless every obligatory statement goes with it.
    """
    told = tuple(one for one in evaluation.statements if one.code in possible)
    left_out = [
        *evaluation.left_out,
        *(
            _left_out(one, "the gateway cannot carry it out here")
            for one in evaluation.statements
            if one not in told
        ),
    ]
    contradicting = contradictions(told)
    left_out += [_left_out(one, "it contradicts another one") for one in contradicting]
    permits = evaluation.outcome is Outcome.PERMIT
    if permits and (contradicting or any(one.obligatory for one in left_out)):
        reason = Reason.STATEMENT_NOT_POSSIBLE
        return Evaluation(
            outcome=Outcome.DENY,
            reason=reason,
            reasons=(reason,),
            deciding=evaluation.deciding,
            left_out=tuple(left_out),
        )
    return replace(
        evaluation,
        challenge=evaluation.challenge if KnownCode.AUTH_CHALLENGE in possible else None,
        statements=tuple(one for one in told if one not in contradicting),
        left_out=tuple(left_out),
    )


def _left_out(statement: Statement, why: str) -> LeftOut:
    return LeftOut(id=statement.id, code=statement.code, obligatory=statement.obligatory, why=why)
