"""Claims that an entitled gateway says it verified (`access_token` of the sideband protocol).

Whether this gateway may assert them is settled before; here only the claims are judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential, VerifiedClaims
from deemster.model.sender import NO_PROOF
from deemster.tokens.claim_rules import ClaimNames, ClaimReader, TokenTimes, checked_skew
from deemster.tokens.provider import ProviderKind

__all__ = ["AssertedClaimsProvider", "AssertionRules", "accept_asserted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRules:
    """What a provider asks of asserted claims. `issuer` is None where none is configured."""

    provider: str
    kind: ProviderKind
    issuer: str | None
    skew: float
    names: ClaimNames
    honour_exp: bool


class AssertedClaimsProvider:
    """`tokenProviders[]` of type external with `claims: asserted`: only a gateway can vouch."""

    kind = ProviderKind.EXTERNAL
    verifies_credentials = False
    senders = NO_PROOF

    def __init__(
        self,
        *,
        id: str,
        skew: float = 30.0,
        scope_claim: str = "scope",
        honour_exp: bool = True,
    ) -> None:
        """Raises ConfigurationError."""
        self.id = id
        self.skew = checked_skew(skew)
        self._rules = AssertionRules(
            provider=id,
            kind=ProviderKind.EXTERNAL,
            issuer=None,
            skew=skew,
            names=ClaimNames(scope_claim),
            honour_exp=honour_exp,
        )

    def recall(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """Nothing is remembered: no credential is believed."""
        return None

    def verify_at_hand(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider: only a gateway can vouch."""
        return None

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """Always `claims-missing`: we have no way to verify this provider's tokens."""
        raise TokenRejectedError(Reason.CLAIMS_MISSING)

    def accept(
        self, asserted: Mapping[str, object], *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider."""
        return accept_asserted(asserted, self._rules, audience=audience, now=now)


def accept_asserted(
    asserted: object, rules: AssertionRules, *, audience: str | None, now: float
) -> VerifiedClaims:
    """The claims as given, unknown ones kept.

    Raises TokenRejectedError: `claims-malformed` for anything but a JSON object of rightly shaped
    claims, `claims-missing` for an empty one, or one without the provider's `userClaim`;
    `token-inactive` unless a present `active` is JSON true; `token-expired` unless the provider
    says `honourExp: false`. Internal providers further: `token-audience-mismatch` (also where
    `aud` is absent), `token-issuer-unknown`, `token-not-yet-valid`.
    """
    if not isinstance(asserted, dict):
        raise TokenRejectedError(Reason.CLAIMS_MALFORMED, detail="not a JSON object")
    if not asserted:
        raise TokenRejectedError(Reason.CLAIMS_MISSING)
    # RFC 7662 2.2: a boolean. "true" or 1 is not one, and Python would take 1 for True.
    if "active" in asserted and asserted["active"] is not True:
        raise TokenRejectedError(Reason.TOKEN_INACTIVE)
    reader = ClaimReader(asserted, malformed=Reason.CLAIMS_MALFORMED)
    audiences, times = reader.audiences(), reader.times
    internal = rules.kind is ProviderKind.INTERNAL
    if internal:
        _check_origin(reader, audiences, rules, audience)
    bound = times.expires_at if rules.honour_exp else None
    if bound is not None and now >= bound + rules.skew:
        raise TokenRejectedError(Reason.TOKEN_EXPIRED)
    if internal:
        _check_start(times, rules, now)
    user_id = reader.user_id(rules.names.user, absent=Reason.CLAIMS_MISSING) if internal else None
    return VerifiedClaims(
        provider=rules.provider,
        claims=asserted,
        scopes=reader.scopes(rules.names.scope),
        user_id=user_id,
        client_id=reader.client_id,
        asserted=True,
        permissions=reader.permissions(rules.names.permissions),
        expires_at=bound,
    )


def _check_origin(
    reader: ClaimReader, audiences: frozenset[str], rules: AssertionRules, audience: str | None
) -> None:
    if reader.issuer is not None and reader.issuer != rules.issuer:
        raise TokenRejectedError(Reason.TOKEN_ISSUER_UNKNOWN)
    if audience not in audiences:
        raise TokenRejectedError(Reason.TOKEN_AUDIENCE_MISMATCH)


def _check_start(times: TokenTimes, rules: AssertionRules, now: float) -> None:
    if now < times.valid_from - rules.skew:
        raise TokenRejectedError(Reason.TOKEN_NOT_YET_VALID)
