"""The real pipeline behind the harness's two questions: does a tree load, what is the answer.

The only file here that knows `deemster`. Calls go through the whole decision point: canonical URL,
credential, directory (fetched part by part, as evaluation asks), policy. Doubles stand at the
outer seams only: a token provider that accepts what the call says, a directory that holds the
call's user, attribute sources that answer what the call's world says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec.structs import replace

from deemster.decisions.point import Deadlines, DecisionPoint
from deemster.decisions.questions import Question as AccessQuestion
from deemster.errors import DependencyUnavailableError, PolicyError, TokenRejectedError
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.attributes import (
    AttributeAnswer,
    AttributeFetch,
    Fetched,
    FetchFailed,
    HttpCall,
)
from deemster.model.decision import STEP_UP_ERROR, Challenge, Decision, Effect, Reason
from deemster.model.gateway import ALL_API_SERVICES, Gateway, GatewayCaller
from deemster.model.http import (
    EVERY_STATEMENT,
    HEADERS_NOT_KNOWN,
    ApiCall,
    ApiResponse,
    Headers,
    Phase,
)
from deemster.model.identity import Credential, VerifiedClaims
from deemster.model.sender import NO_PROOF
from deemster.policy.loading import load_texts
from deemster.policy.store import PolicyStore
from deemster.policy.values import TraceEntry
from deemster.tokens.provider import ProviderKind
from deemster.usercontext.resolver import UserResolver
from tests.reference.emission import PROVIDERS, files_of
from tests.reference.payloads import json_text
from tests.reference.shape import (
    FAILED,
    Answer,
    Call,
    Carried,
    Question,
    Response,
    Token,
    Tree,
    User,
    World,
)
from tests.reference.verdict import WORDING
from tests.support.clock import FrozenClock

__all__ = ["RealDecisionPoint", "RefusedTreeError"]

INTERNAL, EXTERNAL = PROVIDERS[True][1], PROVIDERS[False][1]
GATEWAY = GatewayCaller(
    Gateway(
        id="kong",
        protocols=frozenset({"sideband"}),
        api_services=frozenset({ALL_API_SERVICES}),
        asserts=frozenset({EXTERNAL}),
    ),
    None,
)
LONGER_THAN_ANY_CACHE = 3600.0
# The doubles answer at once; how busy this machine is must decide nothing.
PATIENT = Deadlines(decision=600.0, token=600.0, user=600.0, attribute=600.0)
WORDS = {
    "permit": "P",
    "deny": "D",
    "not-applicable": "N",
    "indeterminate-P": "IP",
    "indeterminate-D": "ID",
    "indeterminate-DP": "IDP",
}
"""A trace's words for what the reference calls by letters."""


class RefusedTreeError(Exception):
    """The tree did not load; the message names the diagnostics' codes and texts."""


class RealDecisionPoint:
    """The compiled tree and all that is needed to ask about it."""

    def __init__(self, tree: Tree, *, seed: int = 0, skew: float = 0.0) -> None:
        self._load(files_of(tree, seed), skew)

    @classmethod
    def of_texts(cls, texts: Mapping[str, str]) -> RealDecisionPoint:
        """Of a tree that was written by hand: path ► text."""
        point = cls.__new__(cls)
        point._load(texts, 0.0)
        return point

    def _load(self, texts: Mapping[str, str], skew: float) -> None:
        try:
            snapshot = load_texts(texts).snapshot
        except PolicyError as refused:
            found = sorted({f"{item.code}: {item.message}" for item in refused.diagnostics.errors})
            raise RefusedTreeError("\n".join(found)) from refused
        store = PolicyStore(lambda: snapshot)
        store.load()
        self._clock = FrozenClock()
        self._internal = AcceptingProvider(INTERNAL, ProviderKind.INTERNAL, skew)
        self._external = AcceptingProvider(EXTERNAL, ProviderKind.EXTERNAL, skew)
        self._directory = OneUserDirectory()
        self.sources = WorldSources()
        self.faults: list[Exception] = []
        self._point = DecisionPoint(
            store=store,
            providers={INTERNAL: self._internal, EXTERNAL: self._external},
            users=UserResolver(
                {INTERNAL: self._directory}, clock=self._clock, timeout=PATIENT.user
            ),
            clock=self._clock,
            new_id=lambda: "d",
            report_fault=lambda fault, _decision_id: self.faults.append(fault),
            attributes=self.sources,
            deadlines=PATIENT,
        )

    async def answer(self, call: Call) -> Answer:
        """What the decision point says to one call. Raises the fault behind `internal-error`."""
        return (await self._decide(call, None))[0]

    async def traced_answer(self, call: Call) -> tuple[Answer, list[tuple[str, str]]]:
        """The answer, and what came out of every node that was visited, by id path."""
        return await self._decide(call, [])

    async def answer_to_response(
        self, call: Call, response: Response, *, is_sealed: bool
    ) -> Answer:
        """Sealed: both phases; else the response phase alone, of which nothing was kept."""
        self._prepare(call, call.token.user if call.token is not None else None)
        answer = ApiResponse(response.status, Headers(response.headers), response.body)
        asked = api_call(call)
        if is_sealed:
            decision = await self._point.decide_exchange(asked, answer, GATEWAY)
        else:
            asked = replace(
                asked,
                phase=Phase.RESPONSE,
                response=answer,
                headers=HEADERS_NOT_KNOWN,
                client_ip=None,
            )
            decision = await self._point.decide_response(asked, GATEWAY)
        if self.faults:
            raise self.faults.pop()
        return answer_of(decision)

    async def _decide(
        self, call: Call, trace: list[TraceEntry] | None
    ) -> tuple[Answer, list[tuple[str, str]]]:
        self._prepare(call, call.token.user if call.token is not None else None)
        decision = await self._point.decide(api_call(call), GATEWAY, trace)
        if self.faults:
            raise self.faults.pop()
        visited = [
            (entry.id_path, WORDS.get(entry.outcome, entry.outcome)) for entry in trace or ()
        ]
        return answer_of(decision), visited

    async def question_answer(
        self, question: Question, *, traced: bool = False
    ) -> tuple[Answer, list[tuple[str, str]]]:
        """What is said to one question of AuthZEN, and what came out of every node visited."""
        user = question.token.user if question.token is not None else None
        self._prepare(question, user or question.user)
        trace: list[TraceEntry] | None = [] if traced else None
        possible = EVERY_STATEMENT if question.possible is None else question.possible
        decision = await self._point.decide_access(
            asked(question), caller_of(question), trace, possible=possible
        )
        if self.faults:
            raise self.faults.pop()
        visited = [
            (entry.id_path, WORDS.get(entry.outcome, entry.outcome)) for entry in trace or ()
        ]
        return answer_of(decision), visited

    def _prepare(self, asked: Call | Question, user: User | None) -> None:
        # The same user id may stand for another user in the next call.
        self._clock.advance(LONGER_THAN_ANY_CACHE)
        self._clock.set_wall(asked.now)
        for provider in (self._internal, self._external):
            provider.token = asked.token
        self._directory.user = user
        self.sources.world, self.sources.asked = asked.world, []


def asked(question: Question) -> AccessQuestion:
    said = question.said
    request = AccessRequest(
        subject=Subject("user", question.subject, said.get("subject", {})),
        action=Action(question.action, said.get("action", {})),
        resource=Resource(question.kind, question.resource, said.get("resource", {})),
        context=said.get("context", {}),
    )
    token = Credential("bearer", "abc") if question.token is not None else None
    return AccessQuestion(request, token)


def caller_of(question: Question) -> GatewayCaller:
    gateway = Gateway(
        id="kong",
        protocols=frozenset({"authzen"}),
        api_services=question.services,
        may_name_subjects=question.may,
    )
    return GatewayCaller(gateway, None)


def api_call(call: Call) -> ApiCall:
    """With a bearer token and asserted claims both: the service's provider takes one of them.

    The gateway may assert for the external provider only, so an internal one ignores what is
    asserted and verifies the bearer token (section 4).
    """
    headers = call.headers
    asserted: Mapping[str, object] | None = None
    if call.token is not None:
        headers = (*headers, ("authorization", "Bearer abc"))
        asserted = call.token.claims
    return ApiCall(
        method=call.method,
        url=call.url,
        headers=Headers(headers),
        body=call.body,
        client_ip=call.ip,
        asserted_claims=asserted,
        possible=EVERY_STATEMENT if call.possible is None else call.possible,
    )


def answer_of(decision: Decision) -> Answer:
    return Answer(
        permit=decision.effect is Effect.PERMIT,
        reason=decision.reason.value,
        service=decision.service.id if decision.service is not None else None,
        operation=decision.operation,
        denied_code=decision.denied_reason.code if decision.denied_reason is not None else None,
        deciding=decision.deciding.id_path if decision.deciding is not None else None,
        statements=tuple(
            Carried(one.id, one.code, json_text(one.payload), one.obligatory)
            for one in decision.statements
            if one.code not in WORDING
        ),
        status=decision.denied_reason.status if decision.denied_reason is not None else None,
        challenge=asked_for(decision.challenge),
    )


def asked_for(challenge: Challenge | None) -> tuple[str | None, int | None] | None:
    """What a step-up would have to bring; None for any other challenge."""
    if challenge is None or challenge.error != STEP_UP_ERROR:
        return None
    return challenge.acr_values, challenge.max_age


class AcceptingProvider:
    """A `TokenProvider` that says of any credential what the call under test says."""

    def __init__(self, provider_id: str, kind: ProviderKind, skew: float) -> None:
        self.id = provider_id
        self.kind = kind
        self.skew = skew
        self.verifies_credentials = kind is ProviderKind.INTERNAL
        self.senders = NO_PROOF
        self.token: Token | None = None

    def recall(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        del credential, audience, now
        return None

    def verify_at_hand(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        del credential, audience, now
        return None

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        del credential, audience, now
        return self._claims(asserted=False)

    def accept(
        self, asserted: Mapping[str, object], *, audience: str | None, now: float
    ) -> VerifiedClaims:
        del asserted, audience, now
        return self._claims(asserted=True)

    def _claims(self, *, asserted: bool) -> VerifiedClaims:
        token = self.token
        assert token is not None
        if token.refused is not None:
            raise TokenRejectedError(Reason(token.refused))
        return VerifiedClaims(
            provider=self.id,
            claims=token.claims,
            scopes=token.scopes,
            user_id=token.user.id if token.user is not None else None,
            client_id=None,
            asserted=asserted,
            permissions=token.permissions,
        )


class WorldSources:
    """An `AttributeFetcher` over the world of the call under test. `asked` lists its calls."""

    def __init__(self) -> None:
        self.world = World()
        self.asked: list[str] = []

    def recall(self, fetch: AttributeFetch) -> Fetched | None:
        del fetch
        return None

    async def fetch(self, fetch: AttributeFetch, within: float) -> AttributeAnswer:
        del within
        asked = fetch.call
        if isinstance(asked, HttpCall):
            name, request = asked.service, json.dumps([asked.target, sorted(asked.headers)])
        else:
            name = asked.query
            request = json.dumps(sorted((key, value) for key, _, value in asked.parameters))
        self.asked.append(f"{name} {request}")
        if name in self.world.faults:
            return FetchFailed(self.world.faults[name])
        return Fetched(self.world.chosen(name, request))


class OneUserDirectory:
    """A `UserSource` that holds the user of the call under test."""

    id = "directory"

    def __init__(self) -> None:
        self.user: User | None = None

    async def is_enabled(self, subject: str) -> bool | None:
        user = self._known(subject)
        if user.state == "failing":
            raise DependencyUnavailableError(self.id)
        return {"enabled": True, "disabled": False, "unknown": None}[user.state]

    async def groups(self, subject: str) -> frozenset[str]:
        groups = self._known(subject).groups
        if isinstance(groups, str):
            raise DependencyUnavailableError(self.id, detail=FAILED)
        return groups

    async def roles(self, subject: str) -> frozenset[str]:
        roles = self._known(subject).roles
        if isinstance(roles, str):
            raise DependencyUnavailableError(self.id, detail=FAILED)
        return roles

    async def attributes(self, subject: str) -> Mapping[str, object]:
        attributes = self._known(subject).attributes
        if isinstance(attributes, str):
            raise DependencyUnavailableError(self.id, detail=FAILED)
        return attributes

    async def close(self) -> None:
        return None

    def _known(self, subject: str) -> User:
        assert self.user is not None
        assert self.user.id == subject
        return self.user
