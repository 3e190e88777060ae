"""The token providers of a policy tree, as a test or a trial decision needs them."""

from __future__ import annotations

from collections.abc import Iterator

from deemster.policy.loading import LoadedTree
from deemster.policytest.providers import ProviderProfile
from deemster.settings import Settings
from deemster.settings.provider_model import TokenProviderSettings, VerifyingProviderSettings
from deemster.settings.synthesis import NamedProvider, synthesise
from deemster.tokens.precheck import TokenType
from deemster.tokens.provider import ProviderKind

__all__ = ["provider_profiles"]


def provider_profiles(loaded: LoadedTree, settings: Settings | None) -> list[ProviderProfile]:
    """Every provider less its keys: as the settings have it, or made up from the tree."""
    if settings is not None:
        return [_profile(provider) for provider in settings.token_providers]
    return [_profile(provider) for provider in synthesise(_named_providers(loaded))]


def _named_providers(loaded: LoadedTree) -> Iterator[NamedProvider]:
    for service in loaded.snapshot.services.values():
        yield NamedProvider(service.provider_id, service.internal, service.audience is not None)


def _profile(provider: TokenProviderSettings) -> ProviderProfile:
    if not isinstance(provider, VerifyingProviderSettings):
        return ProviderProfile(
            id=provider.id,
            kind=ProviderKind.EXTERNAL,
            verifies=False,
            issuer="",
            skew=provider.skew,
            scope_claim=provider.scope_claim,
            honour_exp=provider.honour_exp,
        )
    return ProviderProfile(
        id=provider.id,
        kind=ProviderKind.INTERNAL if provider.internal else ProviderKind.EXTERNAL,
        verifies=True,
        issuer=provider.issuer,
        token_type=TokenType(provider.token_type),
        skew=provider.skew,
        scope_claim=provider.scope_claim,
        permissions_claim=provider.permissions_claim,
        user_claim=provider.user_claim,
        honour_exp=provider.honour_exp,
    )
