"""A token provider whose tokens a plug-in reads; what they are good for is judged here."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Protocol

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential, VerifiedClaims
from deemster.model.json_copies import NoJsonError, json_object_copy
from deemster.model.sender import NO_PROOF, SenderRules
from deemster.tokens.claim_rules import ClaimNames, checked_skew
from deemster.tokens.credentials import is_token
from deemster.tokens.introspection_answers import AnswerRules, check_use, judged
from deemster.tokens.precheck import MAX_TOKEN_CHARACTERS
from deemster.tokens.provider import ProviderKind
from deemster.tokens.trusted_claims import AssertionRules, accept_asserted

__all__ = ["PluginTokenProvider", "TokenReader"]


class TokenReader(Protocol):
    """What a plug-in brings: it says whether a token is genuine, and what is in it."""

    async def read(self, token: str, *, now: float) -> Mapping[str, object]:
        """The token's claims as JSON values, once it is known to be genuine.

        `token` is hostile text of at most 16 KiB, in the characters of a token (RFC 6750 2.1);
        `now` is the decision's instant in epoch seconds. `exp` and `aud` are required claims.
        Raises TokenRejectedError for a token that is not genuine, and DependencyUnavailableError
        where nobody can tell; anything else is a fault, and denies.
        """
        ...

    async def close(self) -> None:
        """Release what is open."""
        ...


class PluginTokenProvider:
    """`tokenProviders[]` with `plugin`: internal, or external with `claims: verified`.

    The plug-in makes no VerifiedClaims: issuer, audience, times and the types of claims are
    judged as of every other provider's tokens, and the claims are a copy. Nothing is remembered:
    a plug-in is asked about a token each time, and keeps what it wants to keep.
    """

    verifies_credentials = True

    def __init__(  # noqa: PLR0913 - one keyword for each setting of a provider
        self,
        *,
        id: str,
        kind: ProviderKind,
        issuer: str,
        reader: TokenReader,
        skew: float = 30.0,
        scope_claim: str = "scope",
        permissions_claim: str | None = None,
        user_claim: str = "sub",
        honour_exp: bool = True,
        senders: SenderRules = NO_PROOF,
    ) -> None:
        """`honour_exp` concerns asserted claims only. Raises ConfigurationError."""
        self.id = id
        self.kind = kind
        self.skew = checked_skew(skew)
        self.senders = senders
        self._reader = reader
        self._rules = AnswerRules(
            provider=id,
            internal=kind is ProviderKind.INTERNAL,
            issuer=issuer,
            skew=skew,
            names=ClaimNames(scope_claim, permissions_claim, user_claim),
        )
        self._asserted = AssertionRules(
            provider=id,
            kind=kind,
            issuer=issuer,
            skew=skew,
            names=self._rules.names,
            honour_exp=honour_exp,
        )

    def recall(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider: nothing is remembered."""
        return None

    def verify_at_hand(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider: the plug-in is asked."""
        return None

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider."""
        token = credential.secret
        if not is_token(token) or len(token) > MAX_TOKEN_CHARACTERS:
            raise TokenRejectedError(Reason.TOKEN_MALFORMED)
        claims = await self._read(token, now)
        # That it has claims says that the token is genuine, unless they say otherwise themselves.
        found = judged({"active": True, **claims}, self._rules)
        if found.claims.expires_at is None:
            raise TokenRejectedError(Reason.TOKEN_MALFORMED, detail="no `exp`")
        check_use(found, self._rules, audience=audience, now=now)
        return found.claims

    def accept(
        self, asserted: Mapping[str, object], *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider: claims that an entitled gateway says it verified."""
        return accept_asserted(asserted, self._asserted, audience=audience, now=now)

    async def close(self) -> None:
        """Whatever the plug-in does at its end, others go on."""
        with contextlib.suppress(Exception, SystemExit):
            await self._reader.close()

    async def _read(self, token: str, now: float) -> dict[str, object]:
        try:
            found = await self._reader.read(token, now=now)
        except TokenRejectedError as refused:
            raise self._checked(refused) from None
        except DependencyUnavailableError:
            raise
        except (Exception, SystemExit) as fault:  # noqa: BLE001 - a plug-in's fault is no answer
            raise self._unavailable(type(fault).__name__) from None
        # INVARIANT: a mapping, and not what has pairs or can be told as one.
        if not isinstance(found, Mapping):
            raise self._unavailable(f"{type(found).__name__} for claims")
        try:
            return json_object_copy(found)
        except NoJsonError as error:
            raise self._unavailable(f"claims that are no JSON: {error}") from None

    def _checked(self, refused: TokenRejectedError) -> Exception:
        if isinstance(refused.reason, Reason):
            return TokenRejectedError(refused.reason, detail=str(refused.detail))
        return self._unavailable("a refusal without a reason")

    def _unavailable(self, detail: str) -> DependencyUnavailableError:
        return DependencyUnavailableError(f"plug-in of `{self.id}`", detail=detail)
