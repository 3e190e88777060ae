"""The policy decision point: one call in, one decision out. Read it top to bottom.

    base URL ► path ► credential ► user ► operation ► guards ► grant ► statements ► deadline

The order matters: the call is routed to its API service first, because the service names the
token provider; and a caller without an accepted credential is told only about its token.

Everything here ends in a deny unless `_settled` is reached with an evaluation that permits. A
fault in our own code is a deny too (`internal-error`); only a cancelled task and a call that is
no call at all (MalformedCallError) leave without a decision.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from deemster.attributesources.fetcher import AttributeFetcher, NoSources
from deemster.decisions.attributes import evaluated
from deemster.decisions.case import Case, deny, permit
from deemster.decisions.fetching import Deadlines, Fetching
from deemster.decisions.obligations import carried_out
from deemster.decisions.preflight import asked_by_preflight
from deemster.decisions.questions import Question, answered_by, identify, values_of
from deemster.decisions.response_phase import (
    NOTHING_KEPT,
    RequestState,
    judge_answer,
    keeps_state,
    kept_for_answer,
    looks_at_answer,
    state_of,
)
from deemster.decisions.stages import Stage, StageFigures, Stages
from deemster.errors import DependencyUnavailableError, MalformedCallError, TokenRejectedError
from deemster.model.clock import Clock
from deemster.model.decision import Decision, Reason
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall, ApiResponse, Headers, Phase
from deemster.model.identity import UserContext, VerifiedClaims
from deemster.model.openings import is_unambiguous
from deemster.model.urls import MalformedUrlError, canonical_url
from deemster.policy.combining import Outcome
from deemster.policy.snapshot import Evaluation
from deemster.policy.store import PolicyStore
from deemster.policy.values import NeedsValues, TraceEntry, Values
from deemster.tokens.provider import TokenProvider
from deemster.tokens.revocation import RevocationCheck
from deemster.tokens.sender_constraints import SenderConstraints, of_this_process
from deemster.usercontext.resolver import UserResolver

__all__ = ["Deadlines", "DecisionPoint"]

_NO_HEADERS = Headers(())
_NO_PARAMS: Mapping[str, str | int] = MappingProxyType({})
_MOST_ROUNDS = 6
"""A token, a user and three parts of the user can be fetched, each once; then there is an end.

An attribute that was fetched allows for one more.
"""


_Judge = Callable[[Case], Decision | Awaitable[None]]


class DecisionPoint:
    """Decides. Built once; keeps nothing between two calls but what its parts cache."""

    def __init__(  # noqa: PLR0913  (its parts, each by keyword)
        self,
        *,
        store: PolicyStore,
        providers: Mapping[str, TokenProvider],
        users: UserResolver,
        clock: Clock,
        new_id: Callable[[], str],
        report_fault: Callable[[Exception, str], None],
        deadlines: Deadlines | None = None,
        attributes: AttributeFetcher | None = None,
        senders: SenderConstraints | None = None,
        revocations: RevocationCheck | None = None,
        observes: bool = False,
        stages: Stages | None = None,
    ) -> None:
        """`observes`: what a decision was made of goes with it, for its record."""
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._report_fault = report_fault
        self._observes = observes
        deadlines = deadlines or Deadlines()
        self._seconds = deadlines.decision
        self._stages = stages or Stages(StageFigures(), clock)
        self._unwatched = 0
        self._fetching = Fetching(
            providers=providers,
            users=users,
            attributes=attributes or NoSources(),
            senders=senders or of_this_process(clock),
            revocations=revocations,
            clock=clock,
            deadlines=deadlines,
            stages=self._stages,
        )

    async def decide(
        self, call: ApiCall, caller: GatewayCaller, trace: list[TraceEntry] | None = None
    ) -> Decision:
        """Permit or deny `call`, asked by an authenticated gateway.

        `trace`, if given, collects every policy node visited. Raises MalformedCallError where
        the URL is none; everything else that goes wrong is a deny with its reason.
        """
        answer = self.begin(call, caller, trace)
        return answer if isinstance(answer, Decision) else await answer

    def begin(
        self, call: ApiCall, caller: GatewayCaller, trace: list[TraceEntry] | None = None
    ) -> Decision | Awaitable[Decision]:
        """As `decide`, but the decision itself where nothing has to be fetched for it."""
        return self._begin(self._case(call, caller, trace), self._judge)

    async def decide_access(
        self,
        question: Question,
        caller: GatewayCaller,
        trace: list[TraceEntry] | None = None,
        *,
        possible: Container[str] = frozenset(),
    ) -> Decision:
        """Permit or deny what a question of AuthZEN asks for; never raises.

        `possible`: codes of the statements that the calling protocol can carry out.
        """
        answer = self.begin_access(question, caller, trace, possible=possible)
        return answer if isinstance(answer, Decision) else await answer

    def begin_access(
        self,
        question: Question,
        caller: GatewayCaller,
        trace: list[TraceEntry] | None = None,
        *,
        possible: Container[str] = frozenset(),
        asking: ApiCall | None = None,
    ) -> Decision | Awaitable[Decision]:
        """As `decide_access`, but the decision itself where nothing has to be fetched for it.

        `asking` is what an adapter made of the message that asks, where it made anything:
        nobody made a call, so there is nothing of one but what is `possible`, and that it says.
        """
        if question.call is not None:
            call = replace(question.call, possible=possible)
        else:
            method = question.request.action.name
            call = asking or ApiCall(method, "", _NO_HEADERS, possible=possible)
        case = self._case(call, caller, trace)
        # As `_begin`, without a judge made for each question.
        try:
            answer = self._judge_question(case, question)
        except Exception as failure:  # noqa: BLE001  (fail closed)
            return self._refused(case, failure)
        if isinstance(answer, Decision):
            return answer
        return self._finish(case, answer, lambda case: self._judge_question(case, question))

    async def decide_response(
        self,
        call: ApiCall,
        caller: GatewayCaller,
        state: RequestState = NOTHING_KEPT,
        trace: list[TraceEntry] | None = None,
    ) -> Decision:
        """Permit or deny the upstream's answer to `call`, which holds it.

        `state` is what was kept of the request. Raises as `decide`.
        """
        answer = self.begin_response(call, caller, state, trace)
        return answer if isinstance(answer, Decision) else await answer

    def begin_response(
        self,
        call: ApiCall,
        caller: GatewayCaller,
        state: RequestState = NOTHING_KEPT,
        trace: list[TraceEntry] | None = None,
    ) -> Decision | Awaitable[Decision]:
        """As `decide_response`, but the decision itself where nothing has to be fetched for it.

        What the call brings along, opened, comes before `state`.
        """
        if isinstance(call.kept, RequestState):
            state = call.kept
        case = self._case(call, caller, trace)
        case.claims, case.user = state.claims, state.user
        return self._begin(case, lambda case: self._judge_answer(case, state))

    async def decide_exchange(
        self,
        call: ApiCall,
        response: ApiResponse,
        caller: GatewayCaller,
        trace: list[TraceEntry] | None = None,
    ) -> Decision:
        """Both phases, one after the other: what comes of the answer, if the call is permitted.

        Nothing of the request is lost in between. Raises as `decide`.
        """
        visited: list[TraceEntry] | None = None if trace is None else []
        case = self._case(call, caller, visited)
        begun = self._begin(case, self._judge)
        decision = begun if isinstance(begun, Decision) else await begun
        if decision.permitted:
            answer = replace(call, phase=Phase.RESPONSE, response=response)
            kept = state_of(case, decision)
            of_answer: list[TraceEntry] | None = None if trace is None else []
            decision = await self.decide_response(answer, caller, kept, of_answer)
            if trace is not None:
                trace += [*(visited or ()), *(of_answer or ())]
        elif trace is not None:
            trace += visited or ()
        return decision

    def looks_at_answer(self, call: ApiCall, caller: GatewayCaller) -> bool:
        """Whether there is anything to decide about the answer to `call`.

        Raises MalformedCallError.
        """
        snapshot = self._store.current
        try:
            return snapshot is None or looks_at_answer(snapshot, call, caller)
        except MalformedUrlError as failure:
            raise MalformedCallError(f"`url` {failure}") from None

    def _case(self, call: ApiCall, caller: GatewayCaller, trace: list[TraceEntry] | None) -> Case:
        clock = self._clock
        deadline = clock.monotonic() + self._seconds
        now = clock.wall()
        observes = self._observes
        case = Case(call, caller, self._new_id(), now, deadline, trace, observed=observes)
        self._unwatched += 1
        if self._unwatched >= self._stages.every:
            self._unwatched = 0
            case.watch = self._stages.watch(call, case.decision_id)
        return case

    def _begin(self, case: Case, judge: _Judge) -> Decision | Awaitable[Decision]:
        try:
            answer = judge(case)
        except Exception as failure:  # noqa: BLE001  (fail closed)
            return self._refused(case, failure)
        return answer if isinstance(answer, Decision) else self._finish(case, answer, judge)

    async def _finish(self, case: Case, fetching: Awaitable[None], judge: _Judge) -> Decision:
        """Fetch and judge in turn until there is a decision."""
        try:
            rounds = 0
            while rounds < _MOST_ROUNDS + len(case.answers):
                rounds += 1
                await fetching
                answer = judge(case)
                if isinstance(answer, Decision):
                    return answer
                fetching = answer
            raise RuntimeError("judging kept asking for what was fetched")  # noqa: TRY301
        except Exception as failure:  # noqa: BLE001  (fail closed)
            return self._refused(case, failure)

    def _refused(self, case: Case, failure: Exception) -> Decision:
        """What a failure means: a deny, whatever it was; or no call at all."""
        if isinstance(failure, TokenRejectedError):
            return deny(case, failure.reason)
        if isinstance(failure, DependencyUnavailableError):
            return deny(case, Reason.DEPENDENCY_UNAVAILABLE)
        if isinstance(failure, TimeoutError):
            return deny(case, self._fetching.reason_of_timeout(case))
        if isinstance(failure, MalformedUrlError):
            raise MalformedCallError(f"`url` {failure}") from None
        self._report_fault(failure, case.decision_id)
        return deny(case, Reason.INTERNAL_ERROR)

    # One story in one place: cutting it up would hide the order, which is the point.
    def _judge(self, case: Case) -> Decision | Awaitable[None]:  # noqa: C901, PLR0912
        """The decision, or what to await before judging again from the start.

        Fetching fills the case; judging itself waits for nothing. Where everything is known
        already, which is nearly always, the first round decides.
        """
        # One snapshot for the whole decision: a reload in between changes nothing here.
        snapshot = case.snapshot = case.snapshot or self._store.current
        if snapshot is None:
            return self._unserved(case)

        # Which API service? A service that is not this gateway's business does not exist for it.
        url = canonical_url(case.call.url)
        found = snapshot.find(url)
        if found is None or not case.caller.gateway.may_ask_for(found[0].service.id):
            return deny(case, Reason.NO_API_SERVICE)
        routed, relative_path = found
        case.routed, service = routed, routed.service

        # What two parties could read differently is refused before anything is read from it.
        if case.call.refusal is not None:
            return deny(case, case.call.refusal)
        if url.refused is not None:
            return deny(case, Reason.AMBIGUOUS_PATH)

        # Which operation? The answer is kept until the token is accepted. A CORS preflight is
        # about the operation that it asks for.
        match = service.operations.match(case.call.method, relative_path)
        judge = match.value if match is not None else service.unmatched
        if service.answers_preflight:
            asked = asked_by_preflight(case.call, service, relative_path, match)
            if asked is not None:
                match, judge = asked, asked.value.preflight
        operation = match.value if match is not None else None
        if url.openable and not is_unambiguous(url, (operation or service).opened):
            return deny(case, Reason.AMBIGUOUS_PATH)
        case.operation, case.judge = operation, judge

        # Who? A public operation reads no credential at all, and neither does a preflight.
        skew = 0.0
        if judge is None or not judge.public:
            provider = self._fetching.provider_of(case)
            skew = provider.skew
            watch = case.watch
            if watch is not None:
                watch.begin()
            if case.claims is None:
                accepted = self._fetching.accepted_claims(case, provider)
                if not isinstance(accepted, VerifiedClaims):
                    return accepted
                case.claims = accepted
                if watch is not None:
                    watch.end(Stage.TOKEN)
            # The directory's user, for internal providers only (seed 0). A client token has none.
            subject = case.claims.user_id
            if case.user is None and subject is not None and service.internal:
                user = self._fetching.user(case, subject)
                if not isinstance(user, UserContext):
                    return user
                case.user = user
                if watch is not None:
                    watch.end(Stage.USER)
        if judge is None:
            return deny(case, Reason.NO_OPERATION)

        # May they? Policy answers, or says which values it needs that were not fetched yet.
        values = Values(
            case.call,
            url,
            relative_path,
            match.params if match is not None else _NO_PARAMS,
            case.claims,
            case.user,
            case.now,
            skew,
            case.fresh_trace(),
        )
        values.role_permissions = service.role_permissions
        evaluation = evaluated(case, judge, values, self._fetching.attributes)
        if isinstance(evaluation, NeedsValues):
            return self._fetching.fetch(case, evaluation)
        decision = self._settled(case, evaluation)
        if snapshot.looking_at_answers and decision.permitted and keeps_state(case):
            return kept_for_answer(case, decision)
        return decision

    def _judge_question(self, case: Case, question: Question) -> Decision | Awaitable[None]:
        """The same of a question of AuthZEN, whose subject is named: see `questions`."""
        snapshot = case.snapshot = case.snapshot or self._store.current
        if snapshot is None:
            return self._unserved(case)

        # Which operation answers? Other gateways' services do not exist for this one.
        found = answered_by(question.request, snapshot, case.caller.gateway)
        if isinstance(found, Reason):
            return deny(case, found)
        case.routed = found.routed
        refusal = question.refusal or found.refusal
        if refusal is not None:
            return deny(case, refusal)
        case.operation, case.judge = found.operation, found.judge

        # Who? The gateway names the subject; a token that comes along must be theirs.
        if found.judge is None or not found.judge.public:
            waiting = identify(case, question, self._fetching)
            if waiting is not None:
                return waiting
        if found.judge is None:
            return deny(case, Reason.NO_OPERATION)

        # May they? The very evaluation of calls, with what a question does not know in error.
        skew = 0.0 if found.judge.public else self._fetching.provider_of(case).skew
        values = values_of(case, question, found, skew)
        evaluation = evaluated(case, found.judge, values, self._fetching.attributes)
        if isinstance(evaluation, NeedsValues):
            return self._fetching.fetch(case, evaluation)
        return self._settled(case, evaluation)

    def _judge_answer(self, case: Case, state: RequestState) -> Decision | Awaitable[None]:
        """The same of the upstream's answer: its own story is in `response_phase`."""
        snapshot = case.snapshot = case.snapshot or self._store.current
        if snapshot is None:
            return self._unserved(case)
        evaluation = judge_answer(case, snapshot, state, self._fetching.attributes)
        if isinstance(evaluation, Reason):
            return deny(case, evaluation)
        if isinstance(evaluation, NeedsValues):
            return self._fetching.fetch(case, evaluation)
        return self._settled(case, evaluation)

    def _unserved(self, case: Case) -> Decision:
        """No policies may decide: there are none yet, or they are too old."""
        case.snapshot = self._store.loaded
        return deny(case, self._store.refusal)

    def _settled(self, case: Case, evaluation: Evaluation) -> Decision:
        """The decision that comes of what policy said."""
        # What must go with the answer, and can this gateway do it?
        if evaluation.statements or evaluation.left_out:
            evaluation = carried_out(evaluation, case.call.possible)

        # Too late is deny, whatever was decided.
        if self._fetching.is_late(case):
            return deny(case, Reason.DEADLINE_EXCEEDED)
        if evaluation.outcome is Outcome.PERMIT:
            return permit(case, evaluation)
        return deny(case, evaluation.reason, evaluation)
