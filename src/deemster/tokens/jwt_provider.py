"""A token provider whose access tokens are JWTs that Deemster verifies itself (RFC 9068 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deemster.errors import ConfigurationError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential, VerifiedClaims
from deemster.model.sender import NO_PROOF, SenderRules
from deemster.tokens.claim_rules import ClaimNames, ClaimReader, checked_skew
from deemster.tokens.jose import SUPPORTED_ALGORITHMS, VerificationKey, verified_payload
from deemster.tokens.keysets import KeySet
from deemster.tokens.precheck import CompactJws, TokenType, precheck, read_json_object
from deemster.tokens.provider import ProviderKind
from deemster.tokens.token_cache import AcceptedToken, TokenCache
from deemster.tokens.trusted_claims import AssertionRules, accept_asserted

__all__ = ["JwtProvider"]


class JwtProvider:
    """`tokenProviders[]` of type internal, or external with `claims: verified`.

    Signature, `iss`, `aud`, `exp`, `nbf`, `iat` and `typ` are all looked at, here and nowhere
    else. An internal one takes asserted claims as well, when an entitled gateway sends them.
    """

    verifies_credentials = True

    def __init__(  # noqa: PLR0913 - one keyword for each setting of a provider
        self,
        *,
        id: str,
        kind: ProviderKind,
        issuer: str,
        key_set: KeySet,
        algorithms: Iterable[str] = ("RS256", "ES256"),
        token_type: TokenType = TokenType.AT_JWT,
        skew: float = 30.0,
        scope_claim: str = "scope",
        permissions_claim: str | None = None,
        user_claim: str = "sub",
        honour_exp: bool = True,
        senders: SenderRules = NO_PROOF,
        longest_life: float | None = None,
        cache: TokenCache | None = None,
    ) -> None:
        """`honour_exp` concerns asserted claims only; `longest_life` is in seconds, from `iat`.

        Raises ConfigurationError.
        """
        self.id = id
        self.kind = kind
        self.skew = checked_skew(skew)
        self.senders = senders
        self._longest_life = longest_life
        self.key_set = key_set
        self._issuer = issuer
        self._algorithms = _checked_algorithms(algorithms)
        self._token_type = token_type
        self._names = ClaimNames(scope_claim, permissions_claim, user_claim)
        self._asserted = AssertionRules(
            provider=id,
            kind=kind,
            issuer=issuer,
            skew=skew,
            names=self._names,
            honour_exp=honour_exp,
        )
        self.cache = cache if cache is not None else TokenCache()

    def recall(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider. Time and audience are compared anew on every hit."""
        keys = self.key_set
        if keys.refresh_due:
            return None
        found = self.cache.get(credential.secret, keys.generation)
        if found is None or now < found.valid_from:
            return None
        if now >= found.valid_until:
            self.cache.discard(credential.secret)
            raise TokenRejectedError(Reason.TOKEN_EXPIRED)
        if audience not in found.audiences:
            raise TokenRejectedError(Reason.TOKEN_AUDIENCE_MISMATCH)
        return found.claims

    def verify_at_hand(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """See TokenProvider: nearly always, for the keys are here."""
        jws = self._prechecked(credential)
        key = self.key_set.key_at_hand(jws.key_id, jws.algorithm)
        if key is not None:
            return self._verified(jws, key, audience=audience, now=now)
        # A flood of ids that nobody has costs no task for each.
        if self.key_set.asks_nobody:
            raise TokenRejectedError(Reason.TOKEN_SIGNATURE_INVALID, detail="no such key")
        return None

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider."""
        jws = self._prechecked(credential)
        key = await self.key_set.key_for(jws.key_id, jws.algorithm)
        if key is None:
            raise TokenRejectedError(Reason.TOKEN_SIGNATURE_INVALID, detail="no such key")
        return self._verified(jws, key, audience=audience, now=now)

    def accept(
        self, asserted: Mapping[str, object], *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """See TokenProvider: claims that an entitled gateway says it verified."""
        return accept_asserted(asserted, self._asserted, audience=audience, now=now)

    def _prechecked(self, credential: Credential) -> CompactJws:
        return precheck(credential.secret, algorithms=self._algorithms, token_type=self._token_type)

    def _verified(
        self, jws: CompactJws, key: VerificationKey, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        # INVARIANT: nothing was awaited since the key was chosen: it is of this generation.
        claims = read_json_object(verified_payload(jws, key), malformed=Reason.TOKEN_MALFORMED)
        accepted = self._judged(claims, jws.key_id, audience=audience, now=now)
        self.cache.put(jws.token, self.key_set.generation, accepted)
        return accepted.claims

    def _judged(
        self, claims: dict[str, object], key_id: str | None, *, audience: str | None, now: float
    ) -> AcceptedToken:
        reader = ClaimReader(claims, malformed=Reason.TOKEN_MALFORMED)
        if reader.issuer is None:
            raise TokenRejectedError(Reason.TOKEN_MALFORMED, detail="no `iss`")
        # RFC 9068 4: the issuer MUST exactly match; no prefix, no trailing slash forgiven.
        if reader.issuer != self._issuer:
            raise TokenRejectedError(Reason.TOKEN_ISSUER_UNKNOWN)
        audiences = reader.audiences()
        if audience not in audiences:
            raise TokenRejectedError(Reason.TOKEN_AUDIENCE_MISMATCH)
        times = reader.times
        if times.expires_at is None:
            raise TokenRejectedError(Reason.TOKEN_MALFORMED, detail="no `exp`")
        self._check_life(times.issued_at, times.expires_at)
        valid_from, valid_until = times.valid_from - self.skew, times.expires_at + self.skew
        if now >= valid_until:
            raise TokenRejectedError(Reason.TOKEN_EXPIRED)
        if now < valid_from:
            raise TokenRejectedError(Reason.TOKEN_NOT_YET_VALID)
        names = self._names
        user_id = reader.user_id(names.user, absent=Reason.TOKEN_MALFORMED)
        verified = VerifiedClaims(
            provider=self.id,
            claims=claims,
            scopes=reader.scopes(names.scope),
            user_id=user_id if self.kind is ProviderKind.INTERNAL else None,
            client_id=reader.client_id,
            asserted=False,
            permissions=reader.permissions(names.permissions),
            expires_at=times.expires_at,
            key_id=key_id,
            confirmation=reader.confirmation(),
        )
        return AcceptedToken(verified, audiences, valid_from, valid_until)

    def _check_life(self, issued_at: float | None, expires_at: float) -> None:
        longest = self._longest_life
        # Without `iat` nobody knows how long it was meant to live.
        if longest is not None and (issued_at is None or expires_at - issued_at > longest):
            raise TokenRejectedError(Reason.TOKEN_MALFORMED, detail="lives too long")


def _checked_algorithms(algorithms: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(algorithms)
    if not wanted:
        raise ConfigurationError("`algorithms` is empty; expected at least one")
    unknown = sorted(wanted - SUPPORTED_ALGORITHMS)
    if unknown:
        known = ", ".join(sorted(SUPPORTED_ALGORITHMS))
        raise ConfigurationError(f"algorithm `{unknown[0]}` is not supported; expected {known}")
    return wanted
