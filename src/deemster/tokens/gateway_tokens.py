"""Access tokens that prove gateways: verified like any other token, then looked up by holder."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deemster.errors import (
    ConfigurationError,
    DependencyUnavailableError,
    GatewayUnauthenticatedError,
    TokenRejectedError,
)
from deemster.model.certificate import PeerCertificate
from deemster.model.clock import Clock
from deemster.model.decision import Reason
from deemster.model.gateway import Gateway, GatewayCaller
from deemster.model.identity import Credential, VerifiedClaims
from deemster.tokens.provider import TokenProvider
from deemster.tokens.revocation import RevocationCheck
from deemster.tokens.several_issuers import claimed_issuer

__all__ = ["GatewayToken", "GatewayTokens"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayToken:
    """Which access tokens prove a gateway; `client_id`, `subject` or both are set, and all that
    is set must be so in the token. `issuer` is the one of `provider`."""

    id: str
    gateway: Gateway
    provider: TokenProvider
    issuer: str
    audience: str
    client_id: str | None
    subject: str | None
    scope: str | None

    def is_of(self, claims: VerifiedClaims) -> bool:
        """Whether verified claims are this gateway's."""
        return (
            (self.client_id is None or claims.client_id == self.client_id)
            and (self.subject is None or claims.claims.get("sub") == self.subject)
            and (self.scope is None or self.scope in claims.scopes)
        )


class GatewayTokens:
    """Every access token that may prove a gateway."""

    def __init__(
        self,
        tokens: Sequence[GatewayToken],
        *,
        clock: Clock,
        seconds: float,
        revocations: RevocationCheck | None = None,
    ) -> None:
        """`seconds` is what verifying may take. Raises ConfigurationError where one kind of token
        stands for two gateways."""
        self._clock = clock
        self._seconds = seconds
        self._revocations = revocations
        self._by_issuer: dict[str, dict[tuple[str, str], list[GatewayToken]]] = {}
        for token in tokens:
            of_issuer = self._by_issuer.setdefault(token.issuer, {})
            known = of_issuer.setdefault((token.provider.id, token.audience), [])
            for other in known:
                if _key(other) == _key(token):
                    raise ConfigurationError(
                        f"gateway `{token.gateway.id}`: access token `{token.id}` is also access "
                        f"token `{other.id}` of gateway `{other.gateway.id}`"
                    )
            known.append(token)

    async def holder_of(self, token: str, peer: PeerCertificate | None) -> GatewayCaller:
        """Whose access token it is.

        Raises GatewayUnauthenticatedError: nobody's, not good, or not to be verified now (its
        keys cannot be fetched); `detail` says which.
        """
        try:
            async with asyncio.timeout(self._seconds):
                holders = await self._holders(token, peer)
        except TokenRejectedError as error:
            raise _refused(f"{error.reason.value} {error.detail}".rstrip()) from None
        except DependencyUnavailableError as error:
            raise _refused(error.message) from None
        except TimeoutError:
            raise _refused("the keys for an access token did not arrive in time") from None
        if len(holders) != 1:
            raise _refused(f"an access token of {'two gateways' if holders else 'nobody'}")
        return next(iter(holders.values()))

    async def _holders(self, token: str, peer: PeerCertificate | None) -> dict[str, GatewayCaller]:
        """By gateway id."""
        holders: dict[str, GatewayCaller] = {}
        # The issuer chooses who is asked and is believed for nothing else: the provider compares
        # it again. Nobody fetches keys for a token of another.
        for (_, audience), known in self._by_issuer.get(claimed_issuer(token), _NONE).items():
            claims = await self._verified(known[0].provider, token, audience)
            if claims is None:
                continue
            _check_bound(claims, peer)
            for kind in known:
                if kind.is_of(claims):
                    holders.setdefault(kind.gateway.id, GatewayCaller(kind.gateway, kind.id))
        return holders

    async def _verified(
        self, provider: TokenProvider, token: str, audience: str
    ) -> VerifiedClaims | None:
        """None where the token is for another audience."""
        credential = Credential("bearer", token)
        now = self._clock.wall()
        try:
            found = provider.recall(credential, audience=audience, now=now)
            if found is None:
                found = await provider.verify(credential, audience=audience, now=now)
        except TokenRejectedError as error:
            if error.reason is Reason.TOKEN_AUDIENCE_MISMATCH:
                return None
            raise
        if self._revocations is not None:
            self._revocations.check(found)
        return found


def _refused(detail: str) -> GatewayUnauthenticatedError:
    return GatewayUnauthenticatedError("the gateway is not authenticated", detail=detail)


def _key(token: GatewayToken) -> tuple[str | None, ...]:
    return (token.client_id, token.subject, token.scope)


def _check_bound(claims: VerifiedClaims, peer: PeerCertificate | None) -> None:
    """A token that is bound to a key is good with a proof of that key only (RFC 8705 3)."""
    bound = claims.confirmation
    if bound is None:
        return
    # Nobody here can check a proof of a DPoP key.
    thumbprint = bound.certificate_thumbprint
    if bound.key_thumbprint is not None or thumbprint is None:
        raise TokenRejectedError(Reason.BINDING_FAILED, detail="bound by unknown means")
    if peer is None or not hmac.compare_digest(thumbprint.encode(), peer.thumbprint.encode()):
        raise TokenRejectedError(Reason.BINDING_FAILED, detail="bound to another certificate")


_NONE: Mapping[tuple[str, str], list[GatewayToken]] = {}
