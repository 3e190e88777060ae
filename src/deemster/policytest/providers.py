"""Token providers of a test run: real ones, with keys that live as long as the run.

What is known of a provider comes from the settings, or is made up from the tree: then internal
ones verify tokens of `https://<id>.invalid`, and external ones take asserted claims only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deemster.policy.snapshot import PolicySnapshot
from deemster.policytest.minting import Minter
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.precheck import TokenType
from deemster.tokens.provider import ProviderKind, TokenProvider
from deemster.tokens.trusted_claims import AssertedClaimsProvider

__all__ = ["ProviderProfile", "ThrowAwayProvider", "profiles_of", "throw_away_providers"]


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


def profiles_of(snapshot: PolicySnapshot) -> Mapping[str, ProviderProfile]:
    """One for each provider that the tree names, made up."""
    return {
        service.provider_id: ProviderProfile(
            id=service.provider_id,
            kind=ProviderKind.INTERNAL if service.internal else ProviderKind.EXTERNAL,
            verifies=service.internal,
            issuer=f"https://{service.provider_id}.invalid",
        )
        for service in snapshot.services.values()
    }


def throw_away_providers(
    profiles: Iterable[ProviderProfile],
) -> Mapping[str, ThrowAwayProvider]:
    """Providers by id, each with a key of its own."""
    return {profile.id: _provider(profile) for profile in profiles}


def _provider(profile: ProviderProfile) -> ThrowAwayProvider:
    if not profile.verifies:
        return ThrowAwayProvider(
            AssertedClaimsProvider(id=profile.id, skew=profile.skew, honour_exp=profile.honour_exp),
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
