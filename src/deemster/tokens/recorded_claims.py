"""Claims as a record of the decision log holds them: for deciding a record again, and only there.

A record says what came of a token, never the token. Nothing of a service uses this provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential, VerifiedClaims
from deemster.model.sender import NO_PROOF
from deemster.tokens.provider import ProviderKind

__all__ = ["RecordedClaimsProvider", "RecordedToken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedToken:
    """What came of a token: accepted with these claims, or `refused`."""

    provider: str
    audience: str | None
    refused: Reason | None = None
    claims: Mapping[str, object]
    scopes: frozenset[str] = frozenset()
    permissions: frozenset[str] | None = None
    user_id: str | None = None
    client_id: str | None = None
    asserted: bool = False


class RecordedClaimsProvider:
    """A TokenProvider that says of every token what was said of the recorded one.

    `unknown` is told what a decision would need to know of the token and no record says.
    """

    senders = NO_PROOF
    verifies_credentials = True

    def __init__(self, id: str, kind: ProviderKind, skew: float) -> None:
        self.id = id
        self.kind = kind
        self.skew = skew
        self.recorded: RecordedToken | None = None
        self.unknown: list[str] = []

    def recall(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider."""
        return self._answer(audience)

    def verify_at_hand(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider."""
        return self._answer(audience)

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider."""
        return self._answer(audience)

    def accept(
        self, asserted: Mapping[str, object], *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider."""
        return self._answer(audience)

    def _answer(self, audience: str | None) -> VerifiedClaims:
        known = self.recorded
        if known is None:
            self.unknown.append("the token: nobody looked at one then")
            raise TokenRejectedError(Reason.TOKEN_MISSING)
        if known.provider != self.id:
            self.unknown.append(f"whether provider `{self.id}` accepts the token")
            raise TokenRejectedError(Reason.TOKEN_ISSUER_UNKNOWN)
        # That no token came along needs nobody's audience.
        missing = known.refused in (Reason.TOKEN_MISSING, Reason.CLAIMS_MISSING)
        if known.audience != audience and not missing:
            self.unknown.append("whether the token is for another audience, too")
            raise TokenRejectedError(Reason.TOKEN_AUDIENCE_MISMATCH)
        if known.refused is not None:
            raise TokenRejectedError(known.refused)
        return VerifiedClaims(
            provider=self.id,
            claims=known.claims,
            scopes=known.scopes,
            permissions=known.permissions,
            user_id=known.user_id,
            client_id=known.client_id,
            asserted=known.asserted,
        )
