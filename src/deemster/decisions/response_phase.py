"""The response phase: may this answer of the upstream reach the caller?

    base URL ► path ► operation ► policies over the response ► statements ► deadline

Token and basic rules do not run again: who called comes from the state that the request leg
sealed, and is an error to read where there is none. A state that is not of this very call, or none
where the body may have to be changed, refuses the answer (`state-rejected`). An answer to a call
that could not have been permitted is refused where any policy looks at answers at all: it was
routed otherwise when it was let through, so nobody knows which policies are about it.

Source: policy-language section 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from deemster.attributesources.fetcher import AttributeFetcher
from deemster.decisions.attributes import evaluated
from deemster.decisions.case import Case, deny
from deemster.model.decision import Decision, Reason, Statement
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall
from deemster.model.identity import UserContext, VerifiedClaims
from deemster.model.openings import is_unambiguous
from deemster.model.urls import canonical_url
from deemster.policy.combining import Outcome
from deemster.policy.snapshot import (
    CompiledOperation,
    CompiledService,
    Evaluation,
    PolicySnapshot,
)
from deemster.policy.statements.codes import BODY_CODES
from deemster.policy.values import NeedsValues, Values

__all__ = [
    "NOTHING_KEPT",
    "RequestState",
    "StateRejection",
    "judge_answer",
    "keeps_state",
    "kept_for_answer",
    "looks_at_answer",
    "state_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestState:
    """What the request phase found, and what it left to be done with the answer.

    `statements` are those of the request phase that change the answer's body. `routed` names the
    API service and the operation, None where none matched; it is None itself where nobody says.
    `gateway` asked, and was told `decision_id`.
    """

    claims: VerifiedClaims | None = None
    user: UserContext | None = None
    params: Mapping[str, str | int] = field(default_factory=dict)
    statements: tuple[Statement, ...] = ()
    routed: tuple[str, str | None] | None = None
    gateway: str = ""
    decision_id: str = ""


@dataclass(frozen=True, slots=True)
class StateRejection:
    """What came back with the answer is not what was given. `ours`: it says that we sealed it."""

    ours: bool


NOTHING_KEPT = RequestState()
"""Where no state came back with the answer."""


def keeps_state(case: Case) -> bool:
    """Whether the answer to this call cannot be judged, or changed, without what is known now."""
    operation = case.operation
    if operation is None or case.judge is not operation:  # guards alone decided
        service = case.service
        return service.response is not None or service.changes_unmatched
    return operation.looks_at_answer


def kept_for_answer(case: Case, decision: Decision) -> Decision:
    """A permit with what it leaves behind for its answer.

    None where policies look at the answer and the gateway cannot show it: nobody would ask them.
    """
    if case.call.shows_answer:
        return msgspec.structs.replace(decision, kept=state_of(case, decision))
    operation = case.operation if case.judge is case.operation else None
    judge = case.service.response if operation is None else operation.response
    return decision if judge is None else deny(case, Reason.STATEMENT_NOT_POSSIBLE)


def state_of(case: Case, decision: Decision) -> RequestState:
    """What a request that was permitted leaves behind for its answer."""
    match = None
    routed = None
    if case.routed is not None and case.snapshot is not None:
        found = case.snapshot.find(canonical_url(case.call.url))
        if found is not None:
            match = case.service.operations.match(case.call.method, found[1])
        routed = (case.service.id, match.value.id if match is not None else None)
    return RequestState(
        claims=case.claims,
        user=case.user,
        params=match.params if match is not None else {},
        statements=tuple(one for one in decision.statements if one.code in BODY_CODES),
        routed=routed,
        gateway=case.caller.gateway.id,
        decision_id=decision.decision_id,
    )


def looks_at_answer(snapshot: PolicySnapshot, call: ApiCall, caller: GatewayCaller) -> bool:
    """Whether any policy has a say, or a statement may be due. Else answers pass as they are.

    What the gateway brought back is looked at in any case, if we say that we gave it: it may
    belong to another call, whose answer this would then be. Raises MalformedUrlError.
    """
    kept = call.kept
    if isinstance(kept, RequestState) or (isinstance(kept, StateRejection) and kept.ours):
        return True
    mine = [
        service for service in snapshot.looking_at_answers if caller.gateway.may_ask_for(service.id)
    ]
    if not mine:
        return False
    found = snapshot.find(canonical_url(call.url))
    if found is None or not caller.gateway.may_ask_for(found[0].service.id):
        return True
    routed, relative_path = found
    if routed.service not in mine:
        return False
    match = routed.service.operations.match(call.method, relative_path)
    return match is None or match.value.looks_at_answer


def judge_answer(
    case: Case, snapshot: PolicySnapshot, state: RequestState, sources: AttributeFetcher
) -> Evaluation | NeedsValues | Reason:
    """What policies say of the answer; a reason where its call cannot have been permitted.

    Fills in what the case knows. Raises MalformedUrlError.
    """
    call = case.call

    # Which API service? As in the request phase: not this gateway's business is not there.
    url = canonical_url(call.url)
    found = snapshot.find(url)
    if found is None or not case.caller.gateway.may_ask_for(found[0].service.id):
        return Reason.NO_API_SERVICE
    case.routed, relative_path = found
    service = case.service
    if url.refused is not None:
        return Reason.AMBIGUOUS_PATH

    # Which operation? Without one, guards or a preflight may have let the call through.
    match = service.operations.match(call.method, relative_path)
    operation = case.operation = match.value if match is not None else None
    if url.openable and not is_unambiguous(url, (operation or service).opened):
        return Reason.AMBIGUOUS_PATH
    if operation is None and not _may_match_nothing(service, call.method):
        return Reason.NO_OPERATION

    if not _is_about(call, state, service, operation):
        return Reason.STATE_REJECTED

    # What do policies say of the answer? Nothing is a yes: the call was permitted already.
    judge = case.judge = operation.response if operation is not None else service.response
    if judge is None:
        return replace(_PASSED, statements=state.statements)
    values = Values(
        call,
        url,
        relative_path,
        state.params,
        case.claims,
        case.user,
        case.now,
        trace=case.fresh_trace(),
    )
    values.role_permissions = service.role_permissions
    evaluation = evaluated(case, judge, values, sources)
    if isinstance(evaluation, NeedsValues) or evaluation.outcome is not Outcome.PERMIT:
        return evaluation
    return replace(evaluation, statements=(*state.statements, *evaluation.statements))


_PASSED = Evaluation(
    outcome=Outcome.PERMIT, reason=Reason.PERMITTED, reasons=(Reason.PERMITTED,), deciding=None
)


def _is_about(
    call: ApiCall,
    state: RequestState,
    service: CompiledService,
    operation: CompiledOperation | None,
) -> bool:
    """Whether what was kept is about this call, and nothing that is due was lost on the way."""
    if isinstance(call.kept, StateRejection):
        return False
    if state is NOTHING_KEPT:
        changes = service.changes_unmatched if operation is None else operation.changes_answer
        return not changes
    routed = (service.id, operation.id if operation is not None else None)
    return state.routed is None or state.routed == routed


def _may_match_nothing(service: CompiledService, method: str) -> bool:
    """Whether a call without an operation can have been let through: by guards, or a preflight."""
    return service.unmatched is not None or (service.answers_preflight and method == "OPTIONS")
