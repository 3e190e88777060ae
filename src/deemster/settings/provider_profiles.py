"""A token provider of the settings as tests of policies need it: all but its keys."""

from __future__ import annotations

from deemster.policytest.providers import ProviderProfile
from deemster.settings.provider_model import TokenProviderSettings, VerifyingProviderSettings
from deemster.tokens.precheck import TokenType
from deemster.tokens.provider import ProviderKind

__all__ = ["profile_of"]


def profile_of(provider: TokenProviderSettings) -> ProviderProfile:
    """For `throw_away_providers`."""
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
