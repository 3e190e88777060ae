"""Token providers for a tree without settings: `check`, `test` and `decide` need some."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deemster.settings.provider_model import (
    AssertedProviderSettings,
    DevelopmentKeySource,
    TokenProviderSettings,
    VerifyingProviderSettings,
)

__all__ = ["SYNTHETIC_DIRECTORY", "NamedProvider", "synthesise"]

SYNTHETIC_DIRECTORY = "synthetic"


@dataclass(frozen=True, slots=True)
class NamedProvider:
    """A token provider as an API service of the tree names it.

    `has_audience`: whether a service that names it declares an audience. Of an external provider
    that says that its tokens are verified here: an audience is a load error where a gateway
    asserts the claims (policy-language 4).
    """

    id: str
    internal: bool
    has_audience: bool


def synthesise(named: Iterable[NamedProvider]) -> tuple[TokenProviderSettings, ...]:
    """Settings for each provider, by id: development keys of this process only, no network.

    The issuer is in `.invalid` (RFC 2606 2), so that no token of the real world is accepted.
    """
    by_id: dict[str, NamedProvider] = {}
    for provider in named:
        known = by_id.get(provider.id, provider)
        by_id[provider.id] = NamedProvider(
            provider.id, provider.internal, known.has_audience or provider.has_audience
        )
    return tuple([_settings(provider) for _, provider in sorted(by_id.items())])


def _settings(named: NamedProvider) -> TokenProviderSettings:
    if not named.internal and not named.has_audience:
        return AssertedProviderSettings(
            id=named.id, skew=30.0, scope_claim="scope", honour_exp=True
        )
    return VerifyingProviderSettings(
        id=named.id,
        internal=named.internal,
        issuer=f"https://{named.id}.invalid",
        keys=DevelopmentKeySource(None),
        algorithms=("ES256",),
        token_type="at+jwt",  # noqa: S106  a media type
        skew=30.0,
        scope_claim="scope",
        permissions_claim=None,
        user_claim="sub",
        honour_exp=True,
        directory=SYNTHETIC_DIRECTORY if named.internal else None,
    )
