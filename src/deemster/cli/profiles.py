"""The token providers of a policy tree, as a test or a trial decision needs them."""

from __future__ import annotations

from collections.abc import Iterator

from deemster.policy.loading import LoadedTree
from deemster.policytest.providers import ProviderProfile
from deemster.settings import Settings
from deemster.settings.provider_profiles import profile_of
from deemster.settings.synthesis import NamedProvider, synthesise

__all__ = ["provider_profiles"]


def provider_profiles(loaded: LoadedTree, settings: Settings | None) -> list[ProviderProfile]:
    """Every provider less its keys: as the settings have it, or made up from the tree."""
    if settings is not None:
        return [profile_of(provider) for provider in settings.token_providers]
    return [profile_of(provider) for provider in synthesise(_named_providers(loaded))]


def _named_providers(loaded: LoadedTree) -> Iterator[NamedProvider]:
    for service in loaded.snapshot.services.values():
        yield NamedProvider(service.provider_id, service.internal, service.audience is not None)
