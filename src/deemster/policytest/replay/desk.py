"""A decision point that knows what a record says, and nothing else; it asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deemster.decisionlog.digests import Digests, source_call_text
from deemster.decisionlog.replayable import AnswerV1, ReplayV1, UserFactsV1
from deemster.decisions.point import Deadlines, DecisionPoint
from deemster.decisions.questions import Question
from deemster.errors import DependencyUnavailableError, MalformedCallError, TokenRejectedError
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.attributes import AttributeAnswer, AttributeFetch, Fetched, FetchFailed
from deemster.model.decision import Decision, Reason
from deemster.model.gateway import ALL_API_SERVICES, Gateway, GatewayCaller
from deemster.model.http import ApiCall
from deemster.model.identity import (
    NOT_FETCHED,
    Credential,
    NotFetched,
    UserContext,
    UserPart,
    VerifiedClaims,
)
from deemster.policy.store import PolicyStore
from deemster.policytest.clock import StandingClock
from deemster.policytest.providers import ProviderProfile
from deemster.policytest.replay.reads import note_reads
from deemster.policytest.replay.recorded import (
    Record,
    RecordedHeaders,
    RecordedValues,
    Unknown,
    recorded_url,
)
from deemster.tokens.assumed_proofs import AssumedProofs
from deemster.tokens.recorded_claims import RecordedClaimsProvider, RecordedToken
from deemster.usercontext.resolver import UserResolver
from deemster.usercontext.source import Presented

__all__ = ["NotReplayableError", "ReplayDesk"]

_PATIENCE = 60.0
_NOBODY_ASKED = {
    Reason.DEADLINE_EXCEEDED,
    Reason.DEPENDENCY_UNAVAILABLE,
    Reason.INTERNAL_ERROR,
    Reason.OVERLOADED,
    Reason.POLICY_TOO_OLD,
    Reason.STATE_REJECTED,
    Reason.SUBJECT_NOT_ACCEPTED,
}
"""Answers that no policy gave: what it would have said is not known."""
_OF_TOKENS = {
    Reason.TOKEN_MISSING,
    Reason.TOKEN_MALFORMED,
    Reason.TOKEN_EXPIRED,
    Reason.TOKEN_NOT_YET_VALID,
    Reason.TOKEN_SIGNATURE_INVALID,
    Reason.TOKEN_ISSUER_UNKNOWN,
    Reason.TOKEN_AUDIENCE_MISMATCH,
    Reason.TOKEN_TYPE_REJECTED,
    Reason.TOKEN_INACTIVE,
    Reason.TOKEN_REVOKED,
    Reason.CLAIMS_MISSING,
    Reason.CLAIMS_NOT_ACCEPTED,
    Reason.CLAIMS_MALFORMED,
    Reason.PROOF_MISSING,
    Reason.PROOF_INVALID,
    Reason.PROOF_NONCE_REQUIRED,
    Reason.BINDING_FAILED,
    Reason.BEARER_NOT_ACCEPTED,
}
_OF_USERS = {Reason.USER_UNKNOWN, Reason.USER_DISABLED}


class NotReplayableError(Exception):
    """Why a record cannot be decided again; the message is the same for all of a kind."""


class ReplayDesk:
    """Decides records again, one after the other, at the instant that each was decided."""

    def __init__(
        self,
        store: PolicyStore,
        profiles: Iterable[ProviderProfile],
        *,
        salt: bytes | None = None,
        gateways: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        """`salt`: of the settings that wrote the log, where they have one.

        `gateways`: id ► API services that it may ask for; any, where nothing is known of it.
        """
        self._gateways = gateways or {}
        self.last_fault = ""
        self._digests = Digests(salt)
        self._clock = StandingClock()
        self._providers = {
            profile.id: RecordedClaimsProvider(profile.id, profile.kind, profile.skew)
            for profile in profiles
        }
        self._users = _RecordedUsers(self._clock)
        self._attributes = _RecordedAnswers(self._digests)
        self._asserts = frozenset(self._providers)
        self._callers: dict[frozenset[str], GatewayCaller] = {}
        self._point = DecisionPoint(
            store=store,
            providers=self._providers,
            users=self._users,
            clock=self._clock,
            new_id=lambda: "replay",
            report_fault=self._keep_fault,
            deadlines=Deadlines(_PATIENCE, _PATIENCE, _PATIENCE, _PATIENCE),
            attributes=self._attributes,
            senders=AssumedProofs(),
        )

    async def decide(self, record: Record) -> Decision:
        """What the tree says of it. Raises NotReplayableError."""
        known = _known(record)
        if known.salted != self._digests.salted and known.answers:
            raise NotReplayableError(
                "its digests are salted: --config must name settings with the salt"
                if known.salted
                else "its digests are not salted, and the settings have a salt"
            )
        unknown = Unknown((*known.masked, *record.masked))
        token = _token(record, known, unknown)
        for provider in self._providers.values():
            provider.recorded, provider.unknown = token, unknown.read
        self._users.give(known.user, _refused(record, _OF_USERS), unknown)
        self._attributes.give(known.answers, unknown)
        self._clock.set(known.now)
        self.last_fault = ""
        decision = await self._asked(record, known, unknown)
        if decision.reason is Reason.INTERNAL_ERROR:
            raise NotReplayableError(f"a fault of Deemster: {self.last_fault}")
        note_reads(decision, record, known, unknown)
        if unknown.read:
            raise NotReplayableError(f"not recorded: {unknown.read[0]}")
        return decision

    async def _asked(self, record: Record, known: ReplayV1, unknown: Unknown) -> Decision:
        possible = frozenset(known.possible)
        if record.resource is not None:
            credential = Credential("bearer", "recorded")
            request = AccessRequest(
                Subject(known.subject_type or "", known.subject_id or ""),
                Action(record.method),
                Resource(record.resource.type, record.resource.id),
            )
            # A public operation looks at nobody: whether a token came along is not known then.
            looked = record.subject is not None or "subject" in record.masked
            refused = _refused(record, _OF_TOKENS)
            has_token = known.token is not None or refused is not None or not looked
            question = Question(request, credential if has_token else None)
            caller = self._caller(record, of_route=record.resource.type == "route")
            return await self._point.decide_access(question, caller, possible=possible)
        call = ApiCall(
            method=record.method,
            url=recorded_url(record.url, known.query),
            headers=RecordedHeaders(known.headers, unknown, has_body="body" in known.has),
            client_ip=record.client_ip,
            # Whatever came of the token is in the record: its provider says it.
            asserted_claims={},
            refusal=None if known.refusal is None else Reason(known.refusal),
            possible=possible,
        )
        try:
            answer = self._point.begin(call, self._caller(record))
            return answer if isinstance(answer, Decision) else await answer
        except MalformedCallError:
            raise NotReplayableError("its URL is none") from None

    def _caller(self, record: Record, *, of_route: bool = False) -> GatewayCaller:
        """The gateway with its business; without settings it may ask for anything.

        A route names no service: there it is a gateway whose only business the service was.
        """
        business = self._gateways.get(record.gateway or "")
        if business is None:
            of_one = of_route and record.api_service is not None
            business = frozenset({(record.api_service or "") if of_one else ALL_API_SERVICES})
        caller = self._callers.get(business)
        if caller is None:
            gateway = Gateway(
                id="replay",
                protocols=frozenset(),
                api_services=business,
                asserts=self._asserts,
                may_name_subjects=True,
            )
            caller = self._callers[business] = GatewayCaller(gateway, None)
        return caller

    def _keep_fault(self, fault: Exception, decision_id: str) -> None:
        self.last_fault = f"{type(fault).__name__}: {fault}"


def _known(record: Record) -> ReplayV1:
    known = record.replay
    try:
        reason = Reason(record.reason)
    except ValueError:
        raise NotReplayableError(f"no reason that is known: {record.reason}") from None
    if reason in _NOBODY_ASKED:
        raise NotReplayableError(f"no policy was asked: {reason.value}")
    if isinstance(known, ReplayV1):
        if known.left_out is not None:
            raise NotReplayableError(f"its `replay` was left out: {known.left_out}")
        if known.phase == "response":
            raise NotReplayableError("it is about an upstream's answer, which is not recorded")
        for name in ("url.path", "url.userinfo", "url.length", "resource.id"):
            if any(masked.startswith(name) for masked in record.masked):
                raise NotReplayableError(f"masked: {name}")
        return known
    raise NotReplayableError("it has no `replay`: `decisionLog.replay` was not set then")


def _refused(record: Record, among: set[Reason]) -> Reason | None:
    reason = Reason(record.reason)
    return reason if reason in among else None


def _token(record: Record, known: ReplayV1, unknown: Unknown) -> RecordedToken | None:
    facts, refused = known.token, _refused(record, _OF_TOKENS)
    if known.provider is None or (facts is None and refused is None):
        return None
    if facts is None:
        return RecordedToken(
            provider=known.provider, audience=known.audience, refused=refused, claims={}
        )
    return RecordedToken(
        provider=known.provider,
        audience=known.audience,
        claims=RecordedValues(facts.claims, "claims.", unknown),
        scopes=frozenset(facts.scopes),
        permissions=None if facts.permissions is None else frozenset(facts.permissions),
        user_id=facts.user_id,
        client_id=record.client_id,
        asserted=facts.asserted,
    )


class _RecordedUsers(UserResolver):
    """Says of the user what the directory said; a part that nobody fetched then is unknown."""

    def __init__(self, clock: StandingClock) -> None:
        super().__init__({}, clock=clock)
        self._user: UserContext | None = None
        self._refused: Reason | None = None
        self._unknown = Unknown(())

    def give(self, user: UserFactsV1 | None, refused: Reason | None, unknown: Unknown) -> None:
        self._refused, self._unknown = refused, unknown
        self._user = None
        if user is None:
            return
        failed = {part: DependencyUnavailableError("directory") for part in user.failed}
        attributes: Mapping[str, object] | NotFetched | Exception = NOT_FETCHED
        if user.attributes is not None:
            attributes = RecordedValues(user.attributes, "user.attributes.", unknown)
        self._user = UserContext(
            id=user.id,
            groups=failed.get("groups") or _part(user.groups),
            roles=failed.get("roles") or _part(user.roles),
            attributes=failed.get("attributes") or attributes,
        )

    def recall(
        self, provider: str, subject: str, claims: VerifiedClaims | None = None
    ) -> UserContext | None:
        if self._refused is not None:
            raise TokenRejectedError(self._refused)
        if self._user is None:
            self._unknown.note("the user, whom nobody looked up then")
            raise TokenRejectedError(Reason.USER_UNKNOWN)
        return self._user

    async def fetch(
        self,
        provider: str,
        user: UserContext,
        parts: frozenset[UserPart],
        presented: Presented | None = None,
        claims: VerifiedClaims | None = None,
    ) -> UserContext:
        for part in parts:
            is_masked = self._unknown.has("user.", part.value)
            why = "" if is_masked else ", which nobody fetched then"
            self._unknown.note(f"user.{part.value}{why}")
        failed = DependencyUnavailableError("directory")
        return UserContext(id=user.id, groups=failed, roles=failed, attributes=failed)


def _part(names: tuple[str, ...] | None) -> frozenset[str] | NotFetched:
    return NOT_FETCHED if names is None else frozenset(names)


class _RecordedAnswers:
    """An AttributeFetcher: a source asked the same says the same, and anything else is unknown."""

    def __init__(self, digests: Digests) -> None:
        self._digests = digests
        self._answers: dict[str, AnswerV1] = {}
        self._unknown = Unknown(())

    def give(self, answers: Iterable[AnswerV1], unknown: Unknown) -> None:
        self._answers = {answer.call: answer for answer in answers}
        self._unknown = unknown

    def recall(self, fetch: AttributeFetch) -> Fetched | None:
        """See AttributeFetcher."""
        answer = self._of(fetch)
        return None if answer is None or answer.failed is not None else Fetched(answer.document)

    async def fetch(self, fetch: AttributeFetch, within: float) -> AttributeAnswer:
        """See AttributeFetcher."""
        answer = self._of(fetch)
        if answer is not None:
            return FetchFailed(answer.failed or "no answer")
        self._unknown.note(f"what the source of `{fetch.attribute}` says")
        return FetchFailed("not recorded")

    def _of(self, fetch: AttributeFetch) -> AnswerV1 | None:
        return self._answers.get(self._digests.of(source_call_text(fetch.call)))
