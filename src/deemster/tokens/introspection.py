"""A token provider whose access tokens only it can read: it is asked about each (RFC 7662).

A token that looks like a JWT is asked about as well: to us every token here is a text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.clock import Clock
from deemster.model.decision import Reason
from deemster.model.identity import Credential, VerifiedClaims
from deemster.model.sender import NO_PROOF, SenderRules
from deemster.outgoing.bounds import HeldBackError
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.single_flight import SingleFlight
from deemster.tokens.claim_rules import ClaimNames, checked_skew
from deemster.tokens.credentials import is_token
from deemster.tokens.introspection_answers import AnswerRules, check_use, judged
from deemster.tokens.introspection_cache import IntrospectionCache, Refusal
from deemster.tokens.introspection_counters import IntrospectionCounters, IntrospectionOutcome
from deemster.tokens.introspection_endpoint import Answered, IntrospectionEndpoint
from deemster.tokens.introspection_sharing import SharedAnswers
from deemster.tokens.precheck import MAX_TOKEN_CHARACTERS
from deemster.tokens.provider import ProviderKind
from deemster.tokens.token_cache import AcceptedToken
from deemster.tokens.trusted_claims import AssertionRules, accept_asserted

__all__ = ["IntrospectingProvider"]


@dataclass(frozen=True, slots=True)
class _Outage:
    """The endpoint gave no answer that counts."""

    detail: str


_Found = AcceptedToken | Refusal | _Outage


class IntrospectingProvider:
    """`tokenProviders[]` with `introspection`: internal, or external with `claims: verified`.

    Several decisions that wait for one token ask once. Where the endpoint gives no answer a token
    is not accepted, whatever is written in it.
    """

    verifies_credentials = True

    def __init__(  # noqa: PLR0913 - one keyword for each setting of a provider
        self,
        *,
        id: str,
        kind: ProviderKind,
        issuer: str,
        endpoint: IntrospectionEndpoint,
        clock: Clock,
        audience_by_endpoint: bool = False,
        skew: float = 30.0,
        scope_claim: str = "scope",
        permissions_claim: str | None = None,
        user_claim: str = "sub",
        honour_exp: bool = True,
        senders: SenderRules = NO_PROOF,
        cache: IntrospectionCache | None = None,
        shared: SharedAnswers | None = None,
        counters: IntrospectionCounters | None = None,
    ) -> None:
        """`honour_exp` concerns asserted claims only. Raises ConfigurationError."""
        self.id = id
        self.kind = kind
        self.skew = checked_skew(skew)
        self.senders = senders
        self.endpoint = endpoint
        self._clock = clock
        self._rules = AnswerRules(
            provider=id,
            internal=kind is ProviderKind.INTERNAL,
            issuer=issuer,
            skew=skew,
            names=ClaimNames(scope_claim, permissions_claim, user_claim),
            audience_by_endpoint=audience_by_endpoint,
        )
        self._asserted = AssertionRules(
            provider=id,
            kind=kind,
            issuer=issuer,
            skew=skew,
            names=self._rules.names,
            honour_exp=honour_exp,
        )
        self._cache = cache if cache is not None else IntrospectionCache(clock)
        self._shared = shared
        self._counters = counters if counters is not None else IntrospectionCounters()
        self._flights: SingleFlight[bytes, _Found] = SingleFlight()

    def recall(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider. Time and audience are compared anew on every hit."""
        token = credential.secret
        # Digesting a megabyte is what a flood would want.
        if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
            return None
        key = sha256(token.encode("ascii")).digest()
        found = self._cache.active(key)
        if found is None:
            refused = self._cache.refused(key)
            if refused is not None:
                raise TokenRejectedError(refused.reason, detail=refused.detail)
            return None
        check_use(found, self._rules, audience=audience, now=now)
        # Between `exp` and the end of the skew the endpoint has the last word, and not the cache.
        ends = found.claims.expires_at
        if ends is not None and now >= ends:
            self._cache.forget(key)
            return None
        return found.claims

    def verify_at_hand(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider: the endpoint is asked."""
        return None

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider."""
        token = credential.secret
        if not is_token(token) or len(token) > MAX_TOKEN_CHARACTERS:
            raise TokenRejectedError(Reason.TOKEN_MALFORMED)
        key = sha256(token.encode("ascii")).digest()
        found = await self._flights.run(key, lambda: self._introspected(token, key))
        # INVARIANT: each who waited raises an exception of its own (SingleFlight).
        if isinstance(found, _Outage):
            raise DependencyUnavailableError(f"introspection of `{self.id}`", detail=found.detail)
        if isinstance(found, Refusal):
            raise TokenRejectedError(found.reason, detail=found.detail)
        check_use(found, self._rules, audience=audience, now=now)
        return found.claims

    def accept(
        self, asserted: Mapping[str, object], *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider: claims that an entitled gateway says it verified."""
        return accept_asserted(asserted, self._asserted, audience=audience, now=now)

    async def close(self) -> None:
        """End what is being asked, and let go of connections."""
        await self._flights.close()
        if self._shared is not None:
            await self._shared.close()
        await self.endpoint.close()

    async def _introspected(self, token: str, key: bytes) -> _Found:
        """Raises nothing: what went wrong is shared by all who wait, so it is a value."""
        # What others keep of a token that was refused here is older, and not believed.
        distrusted = self._cache.was_refused(key)
        shared = None if distrusted else await self._of_others(token, key)
        if shared is not None:
            return shared
        count = self._counters.count
        try:
            answered = await self.endpoint.ask(token)
        except HeldBackError as failed:
            count(self.id, IntrospectionOutcome.HELD_BACK)
            return _Outage(str(failed))
        except CallFailedError as failed:
            count(self.id, IntrospectionOutcome.FAILED)
            return _Outage(str(failed))
        finally:
            circuits = self._counters.open_circuits
            (circuits.add if self.endpoint.is_held_back else circuits.discard)(self.id)
        found = self._kept(token, key, answered)
        if distrusted and isinstance(found, Refusal) and self._shared is not None:
            self._shared.take_back(token, self._cache.positive)
        is_active = isinstance(found, AcceptedToken)
        count(self.id, IntrospectionOutcome.ACTIVE if is_active else IntrospectionOutcome.REFUSED)
        return found

    def _kept(self, token: str, key: bytes, answered: Answered) -> AcceptedToken | Refusal:
        """The judgement of a fresh answer, kept here and, if it is good, for others."""
        cache = self._cache
        try:
            accepted = judged(answered.members, self._rules)
        except TokenRejectedError as error:
            refusal = Refusal(error.reason, error.detail)
            cache.keep_refused(key, refusal)
            return refusal
        seconds = self._seconds_left(accepted)
        cache.keep_active(key, accepted, answered.size, seconds)
        if self._shared is not None and min(seconds, cache.positive) > 0:
            self._shared.put(token, answered.members, min(seconds, cache.positive))
        return accepted

    async def _of_others(self, token: str, key: bytes) -> AcceptedToken | None:
        """What another process was told of the token."""
        if self._shared is None or self._cache.positive <= 0:
            return None
        found = await self._shared.get(token, self._cache.positive)
        if found is None:
            return None
        try:
            accepted = judged(found.members, self._rules)
        except TokenRejectedError:
            return None
        seconds = min(found.seconds, self._seconds_left(accepted))
        if seconds <= 0:
            return None
        self._cache.keep_active(key, accepted, found.size, seconds)
        self._counters.count(self.id, IntrospectionOutcome.SHARED)
        return accepted

    def _seconds_left(self, accepted: AcceptedToken) -> float:
        ends = accepted.claims.expires_at
        return math.inf if ends is None else ends - self._clock.wall()
