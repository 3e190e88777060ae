"""What is known of one call while it is being decided, and the decisions made of it."""

from __future__ import annotations

from deemster.decisions.challenges import challenge_for, step_up_challenge
from deemster.decisions.stages import Stage, StageWatch
from deemster.model.attributes import AttributeAnswer, AttributeFetch
from deemster.model.decision import Challenge, Decision, Effect, Reason
from deemster.model.evidence import Evidence
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall
from deemster.model.identity import Credential, UserContext, VerifiedClaims
from deemster.model.sender import NO_PROOF
from deemster.policy.guards_alone import GuardsAlone
from deemster.policy.snapshot import (
    CompiledOperation,
    CompiledService,
    Evaluation,
    PolicySnapshot,
    RoutedCall,
)
from deemster.policy.values import TraceEntry

__all__ = ["Case", "deny", "permit"]


class Case:
    """Filled in as the decision proceeds, so that a deny can say as much as was known by then."""

    __slots__ = (
        "answers",
        "call",
        "caller",
        "claims",
        "credential",
        "deadline",
        "decision_id",
        "judge",
        "memo",
        "nonce",
        "now",
        "observed",
        "operation",
        "routed",
        "senders",
        "snapshot",
        "subject",
        "trace",
        "user",
        "watch",
    )

    def __init__(
        self,
        call: ApiCall,
        caller: GatewayCaller,
        decision_id: str,
        now: float,
        deadline: float,
        trace: list[TraceEntry] | None,
        *,
        observed: bool = False,
    ) -> None:
        """`now`: epoch seconds, the one instant of this decision; `deadline`: monotonic seconds.

        `observed`: what the decision was made of goes with it, for its record.
        """
        self.call = call
        self.caller = caller
        self.decision_id = decision_id
        self.now = now
        self.deadline = deadline
        self.trace = trace
        self.observed = observed
        self.snapshot: PolicySnapshot | None = None
        self.routed: RoutedCall | None = None
        self.operation: CompiledOperation | None = None
        self.judge: CompiledOperation | GuardsAlone | None = None
        self.claims: VerifiedClaims | None = None
        # The access token that the claims are of; None where a gateway asserts or kept them.
        self.credential: Credential | None = None
        # What the presenter of a token must prove, once that is known; a nonce for the next proof.
        self.senders = NO_PROOF
        self.nonce: str | None = None
        # Whom a gateway named and was believed, where no token says more.
        self.subject: str | None = None
        self.user: UserContext | None = None
        self.answers: dict[AttributeFetch, AttributeAnswer] = {}
        # What conditions have computed: it stays right while more and more is known.
        self.memo: dict[object, object] | None = None
        # Of the few whose stages are measured or traced.
        self.watch: StageWatch | None = None

    def fresh_trace(self) -> list[TraceEntry] | None:
        """The trace, emptied of what an earlier round of judging left in it."""
        if self.trace:
            self.trace.clear()
        return self.trace

    def stage_begins(self) -> None:
        """For those whose stages are measured or traced."""
        if self.watch is not None:
            self.watch.begin()

    def stage_ends(self, stage: Stage) -> None:
        """As `stage_begins`."""
        if self.watch is not None:
            self.watch.end(stage)

    @property
    def service(self) -> CompiledService:
        """The routed API service; asked for only after routing."""
        if self.routed is None:
            raise RuntimeError("the call was not routed yet")
        return self.routed.service


def permit(case: Case, evaluation: Evaluation) -> Decision:
    """The one place where a decision gets the effect permit."""
    claims, routed, judge = case.claims, case.routed, case.judge
    # By place, which costs half as much as by name.
    return Decision(
        Effect.PERMIT,
        evaluation.reason,
        case.decision_id,
        case.snapshot.revision if case.snapshot is not None else "",
        routed.facts if routed is not None else None,
        case.operation.id if case.operation is not None else None,
        evaluation.deciding,
        evaluation.reasons,
        (),  # nothing is missing,
        None,  # nothing is asked for,
        None,  # and there are no words on a deny
        evaluation.statements,
        evaluation.left_out,
        case.subject if claims is None else _text_claim(claims, "sub") or case.subject,
        None if claims is None else claims.client_id,
        None if claims is None else claims.provider,
        claims,
        None,  # no error
        () if judge is None else judge.reads,
        None if case.trace is None else tuple(case.trace),
        None,  # nothing is kept so far
        _evidence(case) if case.observed else None,
    )


def deny(case: Case, reason: Reason, evaluation: Evaluation | None = None) -> Decision:
    """A deny with all that is known: who asked, what for, and what would have helped."""
    claims = case.claims
    routed = case.routed
    return Decision(
        effect=Effect.DENY,
        reason=reason,
        decision_id=case.decision_id,
        revision=case.snapshot.revision if case.snapshot is not None else "",
        service=routed.facts if routed is not None else None,
        operation=case.operation.id if case.operation is not None else None,
        deciding=evaluation.deciding if evaluation is not None else None,
        reasons=evaluation.reasons if evaluation is not None else (reason,),
        missing=evaluation.missing if evaluation is not None else (),
        challenge=_challenge(case, reason, evaluation),
        denied_reason=evaluation.denied_reason if evaluation is not None else None,
        statements=evaluation.statements if evaluation is not None else (),
        left_out=evaluation.left_out if evaluation is not None else (),
        error=str(evaluation.error) if evaluation is not None and evaluation.error else None,
        subject=_text_claim(claims, "sub") or case.subject,
        client_id=claims.client_id if claims is not None else None,
        provider=claims.provider if claims is not None else None,
        token=claims,
        reads=case.judge.reads if case.judge is not None else (),
        trace=_trace(case),
        evidence=_evidence(case) if case.observed else None,
    )


def _challenge(case: Case, reason: Reason, evaluation: Evaluation | None) -> Challenge | None:
    """What the author's `auth-challenge` asks for, else what goes with the reason."""
    routed = case.routed
    if routed is None:
        return None
    if evaluation is not None and evaluation.challenge is not None:
        return step_up_challenge(evaluation.challenge, routed.realm)
    return challenge_for(
        reason, routed.realm, case.operation, senders=case.senders, nonce=case.nonce
    )


def _text_claim(claims: VerifiedClaims | None, name: str) -> str | None:
    value: object = claims.claims.get(name) if claims is not None else None
    return value if isinstance(value, str) else None


def _evidence(case: Case) -> Evidence:
    service = None if case.routed is None else case.routed.service
    return Evidence(
        case.now,
        case.call,
        None if service is None else service.provider_id,
        None if service is None else service.audience,
        case.user,
        case.answers,
    )


def _trace(case: Case) -> tuple[object, ...] | None:
    return tuple(case.trace) if case.trace is not None else None
