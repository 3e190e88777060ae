"""Section 8's response phase: policies over the upstream's answer, which can only refuse it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.reference.judged import Attached, Judged
from tests.reference.outcomes import IDP, D, N, P, in_error
from tests.reference.routing import Route
from tests.reference.shape import Answer, Bug, Call, Carried
from tests.reference.situation import Situation
from tests.reference.statements import APPLIES_TO, answered
from tests.reference.statements_drawn import BODY_CODES
from tests.reference.verdict import denying_path, worded

__all__ = ["answer_to_answer", "changes_answers", "kept_of", "may_match_nothing"]


def kept_of(answer: Answer) -> tuple[Carried, ...]:
    """Statements of the request phase that change the body of the answer."""
    return tuple(one for one in answer.statements if one.code in BODY_CODES)


def changes_answers(attached: Attached) -> bool:
    """Whether a statement may go with a permit and change the body of the answer."""
    statement = attached.statement
    goes_along = statement.path_matches or "permit" in APPLIES_TO[statement.applies_to]
    return statement.code in BODY_CODES and goes_along


def may_match_nothing(found: Route, call: Call) -> bool:
    """Guards, or a preflight, may have let a call through that no operation matches."""
    return found.service.unmatched or (found.service.preflight and call.method == "OPTIONS")


def answer_to_answer(
    section: Judged, found: Route, at: Situation, before: Sequence[Carried]
) -> Answer:
    """P or N passes; anything else replaces the upstream's answer."""
    bare = Answer(
        False,
        "statement-not-possible",
        found.service.id,
        found.operation.id if found.operation is not None else None,
    )
    passes = section.outcome in (P, N)
    if section.outcome == D and at.bug == Bug.RESPONSE_DENY_PASSES:
        passes = True
    at.seen["response", section.outcome] += 1
    root = Judged("", P if passes else D if section.outcome == D else IDP, children=(section,))
    told = answered(root, at, before)
    if not told.possible:
        return bare
    if passes:
        return replace(bare, permit=True, reason="permitted", statements=told.statements)
    reason = section.error or "indeterminate" if in_error(section.outcome) else "policy-denied"
    deciding = denying_path(section) if section.outcome == D else None
    return worded(replace(bare, reason=reason, deciding=deciding), told.statements)
