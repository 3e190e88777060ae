"""One token provider of several issuers, each with keys of its own (facts/ping.md, External OAuth).

The API service names the provider; which of its issuers a token is held against is what the token
says, and that issuer's keys and name decide. An issuer that the settings do not list is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential, VerifiedClaims
from deemster.model.sender import SenderRules
from deemster.tokens.base64url import decode_base64url
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.precheck import MAX_TOKEN_CHARACTERS, read_json_object
from deemster.tokens.provider import ProviderKind

__all__ = ["SeveralIssuers", "claimed_issuer"]


class SeveralIssuers:
    """A TokenProvider. Equal key ids at two issuers are two keys."""

    verifies_credentials = True

    def __init__(self, providers: Mapping[str, JwtProvider]) -> None:
        """`providers` by issuer, all with the same id and the same rules; at least one."""
        self._by_issuer = dict(providers)
        self.issuers: Sequence[JwtProvider] = list(self._by_issuer.values())
        first = self.issuers[0]
        self.id: str = first.id
        self.kind: ProviderKind = first.kind
        self.skew: float = first.skew
        self.senders: SenderRules = first.senders

    def recall(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider: a token is remembered by the issuer that it is of."""
        for provider in self.issuers:
            found = provider.recall(credential, audience=audience, now=now)
            if found is not None:
                return found
        return None

    def verify_at_hand(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider."""
        return self._issuer_of(credential).verify_at_hand(credential, audience=audience, now=now)

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider."""
        return await self._issuer_of(credential).verify(credential, audience=audience, now=now)

    def accept(
        self, asserted: Mapping[str, object], *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider: asserted claims are held against the issuer that they name."""
        issuer = asserted.get("iss")
        provider = self._by_issuer.get(issuer) if isinstance(issuer, str) else None
        if provider is None:
            raise TokenRejectedError(Reason.TOKEN_ISSUER_UNKNOWN)
        return provider.accept(asserted, audience=audience, now=now)

    def _issuer_of(self, credential: Credential) -> JwtProvider:
        provider = self._by_issuer.get(claimed_issuer(credential.secret))
        if provider is None:
            raise TokenRejectedError(Reason.TOKEN_ISSUER_UNKNOWN)
        return provider


def claimed_issuer(token: str) -> str:
    """What an unverified token says: it chooses who is asked, and is believed for nothing else.

    Raises TokenRejectedError where it says nothing.
    """
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise TokenRejectedError(Reason.TOKEN_MALFORMED, detail="longer than 16 kB")
    try:
        _, payload, _ = token.split(".")
        claims = read_json_object(decode_base64url(payload), malformed=Reason.TOKEN_MALFORMED)
    except ValueError:
        raise TokenRejectedError(Reason.TOKEN_MALFORMED) from None
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise TokenRejectedError(Reason.TOKEN_MALFORMED, detail="no `iss`")
    return issuer
