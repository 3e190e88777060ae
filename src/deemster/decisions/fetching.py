"""What judging waits for: who asks, and what policy wants to know; each within its time.

A method here answers with what is at hand already, which is nearly always, or with what to await
before judging again; awaiting fills the case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from deemster.attributesources.fetcher import AttributeFetcher
from deemster.decisions.attributes import fetch_attributes
from deemster.decisions.case import Case
from deemster.decisions.stages import Stage, Stages
from deemster.errors import TokenRejectedError
from deemster.model.clock import Clock
from deemster.model.decision import Reason
from deemster.model.identity import Credential, UserContext, VerifiedClaims
from deemster.model.sender import SenderRules
from deemster.policy.values import NeedsValues
from deemster.tokens.credentials import credential_of
from deemster.tokens.provider import ProviderKind, TokenProvider
from deemster.tokens.revocation import RevocationCheck
from deemster.tokens.sender_constraints import SenderConstraints
from deemster.usercontext.resolver import UserResolver
from deemster.usercontext.source import Presented

__all__ = ["Deadlines", "Fetching"]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds: for a whole decision, and the share of each dependency in it."""

    decision: float = 1.0
    token: float = 0.5
    user: float = 0.3
    attribute: float = 0.3


class Fetching:
    """Tokens, users and attributes, for the case at hand. Keeps nothing itself."""

    def __init__(  # noqa: PLR0913  (its parts, each by keyword)
        self,
        *,
        providers: Mapping[str, TokenProvider],
        users: UserResolver,
        attributes: AttributeFetcher,
        senders: SenderConstraints,
        revocations: RevocationCheck | None,
        clock: Clock,
        deadlines: Deadlines,
        stages: Stages,
    ) -> None:
        self.attributes = attributes
        self._providers = providers
        self._users = users
        self._senders = senders
        self._revocations = revocations
        self._clock = clock
        self._deadlines = deadlines
        self._stages = stages

    # --- who asks -------------------------------------------------------------------------------

    def provider_of(self, case: Case) -> TokenProvider:
        """The token provider that the case's API service names."""
        return self._providers[case.service.provider_id]

    def accepted_claims(
        self, case: Case, provider: TokenProvider
    ) -> VerifiedClaims | Awaitable[None]:
        """Claims the gateway may assert, else the verified access token. Never both merged.

        Raises TokenRejectedError.
        """
        gateway = case.caller.gateway
        asserted = case.call.asserted_claims
        if asserted is not None:
            if provider.id in gateway.asserts:
                claims = provider.accept(asserted, audience=case.service.audience, now=case.now)
                # That a gateway verified a token does not say that it heard of a revocation.
                self._refuse_revoked(claims)
                return claims
            external = provider.kind is ProviderKind.EXTERNAL
            if (gateway.claims or ("refuse" if external else "ignore")) != "ignore":
                raise TokenRejectedError(Reason.CLAIMS_NOT_ACCEPTED)
        if not provider.verifies_credentials:
            raise TokenRejectedError(Reason.CLAIMS_MISSING)
        credential = credential_of(case.call.headers)
        if credential is None:
            case.senders = self._rules(case, provider)
            raise TokenRejectedError(Reason.TOKEN_MISSING)
        return self.verified(case, provider, credential)

    def verified(
        self, case: Case, provider: TokenProvider, credential: Credential
    ) -> VerifiedClaims | Awaitable[None]:
        """The claims of an access token, presented by whom it was issued to.

        Raises TokenRejectedError.
        """
        if not provider.verifies_credentials:
            raise TokenRejectedError(Reason.CLAIMS_MISSING)
        audience = case.service.audience
        case.credential = credential
        rules = case.senders = self._rules(case, provider)
        found = provider.recall(credential, audience=audience, now=case.now)
        # To wait costs more than to verify: it is done here, unless somebody has to be asked.
        found = found or provider.verify_at_hand(credential, audience=audience, now=case.now)
        if found is None:
            return self._waiting(case, Stage.TOKEN, self._verify(case, provider, credential))
        self._refuse_revoked(found)
        # Nearly always: a bearer token that may be one.
        if found.confirmation is None and credential.scheme == "bearer" and rules.takes_bearers:
            return found
        pending = self._check_sender(case, provider, credential, found)
        if pending is None:
            return found
        return self._waiting(case, Stage.TOKEN, self._first_use(case, found, pending))

    def user(self, case: Case, subject: str) -> UserContext | Awaitable[None]:
        """The directory's user. Awaiting raises TokenRejectedError for one that is none."""
        provider = case.service.provider_id
        known = self._users.recall(provider, subject, case.claims)
        if known is not None:
            return known
        return self._waiting(case, Stage.USER, self._resolve(case, provider, subject))

    async def _verify(self, case: Case, provider: TokenProvider, credential: Credential) -> None:
        async with asyncio.timeout(self._share(case, self._deadlines.token)):
            claims = await provider.verify(credential, audience=case.service.audience, now=case.now)
            self._refuse_revoked(claims)
            pending = self._check_sender(case, provider, credential, claims)
            if pending is not None:
                await self._first_use(case, claims, pending)
            case.claims = claims

    def _rules(self, case: Case, provider: TokenProvider) -> SenderRules:
        """What the presenter must prove: the API service may ask for more or less."""
        override = case.service.dpop
        return provider.senders if override is None else override.over(provider.senders)

    def _refuse_revoked(self, claims: VerifiedClaims) -> None:
        if self._revocations is not None:
            self._revocations.check(claims)

    def _check_sender(
        self, case: Case, provider: TokenProvider, credential: Credential, claims: VerifiedClaims
    ) -> Awaitable[bool] | None:
        try:
            return self._senders.check(
                claims, credential, case.call, case.senders, skew=provider.skew, now=case.now
            )
        except TokenRejectedError as refused:
            if refused.reason is Reason.PROOF_NONCE_REQUIRED:
                case.nonce = self._senders.fresh_nonce(case.now)
            raise

    async def _first_use(
        self, case: Case, claims: VerifiedClaims, pending: Awaitable[bool]
    ) -> None:
        """Once in a case: its claims are known from here on, and not fetched again."""
        async with asyncio.timeout(self._share(case, self._deadlines.token)):
            if await pending is not True:
                raise TokenRejectedError(Reason.PROOF_INVALID, detail="used before")
            case.claims = claims

    async def _resolve(self, case: Case, provider: str, subject: str) -> None:
        async with asyncio.timeout(self._share(case, self._deadlines.user)):
            presented = self._presented(case)
            case.user = await self._users.resolve(provider, subject, presented)

    def _presented(self, case: Case) -> Presented | None:
        """The user's token, for a directory that is asked with it; never one we did not verify."""
        claims = case.claims
        if claims is None or claims.asserted:
            return None
        if not self._users.asks_with_token(case.service.provider_id):
            return None
        # Of an answer's request it is not known which token came with it: only what is kept helps.
        return None if case.credential is None else Presented(claims, case.credential)

    # --- what policy wants to know --------------------------------------------------------------

    def fetch(self, case: Case, needs: NeedsValues) -> Awaitable[None]:
        """Attributes, or parts of the user."""
        stage = Stage.ATTRIBUTES if needs.fetches else Stage.USER
        return self._waiting(case, stage, self._fetch(case, needs))

    async def _fetch(self, case: Case, needs: NeedsValues) -> None:
        if needs.fetches:
            share = self._share(case, self._deadlines.attribute)
            await fetch_attributes(case, needs.fetches, self.attributes, share)
            return
        if case.user is None:
            raise RuntimeError("evaluation asked for a user that does not exist")
        async with asyncio.timeout(self._share(case, self._deadlines.user)):
            case.user = await self._users.fetch(
                case.service.provider_id,
                case.user,
                needs.parts,
                self._presented(case),
                case.claims,
            )

    async def _waiting(self, case: Case, stage: Stage, fetching: Awaitable[None]) -> None:
        """`fetching`, and how long it took, whatever came of it."""
        began = self._clock.monotonic()
        try:
            await fetching
        finally:
            self._stages.waited(stage, self._clock.monotonic() - began)
            case.stage_ends(stage)

    # --- time -----------------------------------------------------------------------------------

    def is_late(self, case: Case) -> bool:
        """Whether the deadline has passed."""
        return self._clock.monotonic() > case.deadline

    def reason_of_timeout(self, case: Case) -> Reason:
        """The whole decision took too long, or one dependency its share of it."""
        late = self._clock.monotonic() >= case.deadline
        return Reason.DEADLINE_EXCEEDED if late else Reason.DEPENDENCY_UNAVAILABLE

    def _share(self, case: Case, share: float) -> float:
        return min(share, case.deadline - self._clock.monotonic())
