"""Token providers of a test run: real ones, with keys that live as long as the run.

What is known of a provider comes from the settings, or is made up where there are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deemster.policytest.minting import Minter
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.precheck import TokenType
from deemster.tokens.provider import ProviderKind, TokenProvider
from deemster.tokens.trusted_claims import AssertedClaimsProvider

__all__ = ["ProviderProfile", "ThrowAwayProvider", "throw_away_providers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderProfile:
    """A provider as the settings describe it, less its keys; Apigee mode does not `verify`."""

    id: str
    kind: ProviderKind
    verifies: bool
    issuer: str
    token_type: TokenType = TokenType.AT_JWT
    skew: float = 30.0
    scope_claim: str = "scope"
    permissions_claim: str | None = None
    user_claim: str = "sub"
    honour_exp: bool = True


@dataclass(frozen=True, slots=True)
class ThrowAwayProvider:
    """`minter` is None where no token means anything."""

    provider: TokenProvider
    minter: Minter | None


def throw_away_providers(
    profiles: Iterable[ProviderProfile],
) -> Mapping[str, ThrowAwayProvider]:
    """Providers by id, each with a key of its own."""
    return {profile.id: _provider(profile) for profile in profiles}


def _provider(profile: ProviderProfile) -> ThrowAwayProvider:
    if not profile.verifies:
        return ThrowAwayProvider(
            AssertedClaimsProvider(
                id=profile.id,
                skew=profile.skew,
                scope_claim=profile.scope_claim,
                honour_exp=profile.honour_exp,
            ),
            None,
        )
    minter = Minter(profile.issuer)
    provider = JwtProvider(
        id=profile.id,
        kind=profile.kind,
        issuer=profile.issuer,
        key_set=minter.key_set,
        algorithms=[minter.algorithm],
        token_type=profile.token_type,
        skew=profile.skew,
        scope_claim=profile.scope_claim,
        permissions_claim=profile.permissions_claim,
        user_claim=profile.user_claim,
        honour_exp=profile.honour_exp,
    )
    return ThrowAwayProvider(provider, minter)
