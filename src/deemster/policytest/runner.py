"""Runs suites on the real path: tokens are minted and verified, users resolved, `decide` asked.

Nothing here judges. A case that fails is asked a second time with a trace, to explain it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import msgspec

from deemster.decisions.questions import Question
from deemster.errors import MalformedCallError
from deemster.model.clock import Clock
from deemster.model.decision import Decision, Reason
from deemster.model.gateway import Gateway, GatewayCaller
from deemster.model.http import EVERY_STATEMENT, ApiCall, ApiResponse, Headers
from deemster.policy.loading import LoadedTree
from deemster.policy.snapshot import CompiledService
from deemster.policy.store import PolicyStore
from deemster.policy.values import TraceEntry
from deemster.policytest.cases import AccessRecipe, PresentedAs, Suite, SuiteCase
from deemster.policytest.comparison import doubt_about, mismatches
from deemster.policytest.coverage.counting import CoverageCounter
from deemster.policytest.desk import Desk
from deemster.policytest.explanation import Explanations
from deemster.policytest.minting import asserted_claims
from deemster.policytest.outcomes import CaseOutcome, CaseResult
from deemster.policytest.providers import (
    ProviderProfile,
    throw_away_providers,
)
from deemster.policytest.questions import question_of
from deemster.policytest.trace import OperationNodes, TraceRow

__all__ = ["SuiteRunner"]

_GATEWAY = "policy-test"


class CannotAskError(Exception):
    """The case makes no sense for the provider of its API service."""


class SuiteRunner:
    """Built once for a tree; keys and providers live as long as it does."""

    def __init__(
        self,
        loaded: LoadedTree,
        *,
        status_of: Callable[[Decision], int],
        stopwatch: Clock,
        profiles: Iterable[ProviderProfile],
        counter: CoverageCounter | None = None,
    ) -> None:
        """`status_of` is the HTTP status that a deny is told with; `stopwatch` times the report.

        `profiles` are of every provider that the tree names. `counter` counts what is covered.
        """
        self._counter = counter
        self._status_of = status_of
        self._stopwatch = stopwatch
        self._services = loaded.snapshot.services
        self._nodes = OperationNodes(
            loaded.resolved, Explanations(loaded.files.sources(), revealed=True)
        )
        self._providers = throw_away_providers(profiles)
        self._store = PolicyStore(lambda: loaded.snapshot)
        self._store.load()

    async def run_cases(
        self, suite: Suite, cases: Sequence[SuiteCase], *, exit_first: bool = False
    ) -> list[CaseResult]:
        """Ask cases of one suite, in order; with `exit_first` up to the first that is not good."""
        desk = Desk(suite.users, self._store, self._providers)
        results: list[CaseResult] = []
        for case in cases:
            started = self._stopwatch.monotonic()
            result = await self._run_case(desk, suite, case)
            results.append(replace(result, seconds=self._stopwatch.monotonic() - started))
            if exit_first and not result.good:
                break
        return results

    async def _run_case(self, desk: Desk, suite: Suite, case: SuiteCase) -> CaseResult:
        if case.skip is not None:
            return CaseResult(case=case, outcome=CaseOutcome.SKIPPED, problem=case.skip)
        visited: list[TraceEntry] | None = [] if self._counter is not None else None
        try:
            asked, caller = self._asked(suite, case)
            decision = await self._decided(desk, case, asked, caller, visited)
        except (CannotAskError, MalformedCallError) as error:
            return CaseResult(case=case, outcome=CaseOutcome.ERRORED, problem=str(error))
        decision = msgspec.structs.replace(decision, token=None, trace=None)
        if decision.reason is Reason.INTERNAL_ERROR:
            return CaseResult(
                case=case,
                outcome=CaseOutcome.ERRORED,
                decision=decision,
                problem=f"a fault of Deemster: {desk.last_fault}",
            )
        if self._counter is not None and visited is not None:
            self._counter.count(decision, visited, of_answer=case.response is not None)
        status = None if decision.permitted else self._status_of(decision)
        wrong = mismatches(case.expectation, decision, status)
        result = CaseResult(
            case=case,
            outcome=CaseOutcome.PASSED,
            decision=decision,
            status=status,
            doubt=doubt_about(case.expectation, decision),
        )
        if not wrong:
            return result
        return replace(
            result,
            outcome=CaseOutcome.FAILED,
            doubt=None,
            mismatches=wrong,
            trace=await self._explained(desk, case, asked, caller, decision),
        )

    async def _decided(
        self,
        desk: Desk,
        case: SuiteCase,
        asked: ApiCall | Question,
        caller: GatewayCaller,
        trace: list[TraceEntry] | None = None,
    ) -> Decision:
        if isinstance(asked, Question):
            return await desk.ask_access(case.now, asked, caller, trace, case.attributes)
        if case.response is None:
            return await desk.ask(case.now, asked, caller, trace, case.attributes)
        answered = case.response
        response = ApiResponse(answered.status, Headers(answered.headers), answered.body)
        return await desk.ask_about_answer(
            case.now, asked, response, caller, trace, case.attributes
        )

    async def _explained(
        self,
        desk: Desk,
        case: SuiteCase,
        asked: ApiCall | Question,
        caller: GatewayCaller,
        decision: Decision,
    ) -> tuple[TraceRow, ...]:
        visited: list[TraceEntry] = []
        await self._decided(desk, case, asked, caller, visited)
        return self._nodes.rows(decision, visited)

    def _asked(self, suite: Suite, case: SuiteCase) -> tuple[ApiCall | Question, GatewayCaller]:
        service = self._services[suite.service]
        recipe, presented = case.call, case.presented
        if isinstance(recipe, AccessRecipe):
            return self._question(recipe, case, service), _gateway(suite, may_name_subjects=True)
        headers = recipe.headers
        asserted = None
        if presented.kind is PresentedAs.TOKEN:
            headers = (*headers, ("authorization", f"Bearer {self._token(case, service)}"))
        elif presented.kind is PresentedAs.CLAIMS:
            asserted = asserted_claims(
                presented.claims, presented.fault, audience=service.audience, now=case.now
            )
        call = ApiCall(
            method=recipe.method,
            url=recipe.url,
            headers=Headers(headers),
            body=recipe.body,
            client_ip=recipe.ip,
            certificate=recipe.certificate,
            asserted_claims=asserted,
            possible=EVERY_STATEMENT,
        )
        asserts = [service.provider_id] if asserted is not None else []
        return call, _gateway(suite, asserts=asserts)

    def _question(
        self, recipe: AccessRecipe, case: SuiteCase, service: CompiledService
    ) -> Question:
        if case.presented.kind is PresentedAs.CLAIMS:
            raise CannotAskError("no gateway asserts claims with a question of AuthZEN")
        if case.response is not None:
            raise CannotAskError("nobody calls the API for a question of AuthZEN")
        has_token = case.presented.kind is PresentedAs.TOKEN
        return question_of(recipe, self._token(case, service) if has_token else None)

    def _token(self, case: SuiteCase, service: CompiledService) -> str:
        minter = self._providers[service.provider_id].minter
        if minter is None:
            raise CannotAskError(
                f"provider `{service.provider_id}` takes claims from a gateway only: "
                "write `claims:` instead of `token:`"
            )
        presented = case.presented
        return minter.mint(
            presented.claims, presented.fault, audience=service.audience, now=case.now
        )


def _gateway(
    suite: Suite, *, asserts: Iterable[str] = (), may_name_subjects: bool = False
) -> GatewayCaller:
    """A gateway whose only business is the service under test, with the rights a case needs."""
    gateway = Gateway(
        id=_GATEWAY,
        protocols=frozenset(),
        api_services=frozenset({suite.service}),
        asserts=frozenset(asserts),
        may_name_subjects=may_name_subjects,
    )
    return GatewayCaller(gateway, None)
