"""From paths and settings to a loaded policy tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from deemster.policy.loading import LoadedTree, load_tree
from deemster.policytest.providers import ProviderProfile
from deemster.settings import Settings, load_settings, process_environment
from deemster.settings.model import TokenProviderSettings, VerifyingProviderSettings
from deemster.settings.synthesis import NamedProvider, synthesise
from deemster.tokens.precheck import TokenType
from deemster.tokens.provider import ProviderKind

__all__ = ["chosen_paths", "load_chosen_tree", "provider_profiles", "settings_in"]

_DEFAULT = Path("policies")


def settings_in(config: Path | None) -> Settings | None:
    """The settings, if a file was named. Raises ConfigurationError."""
    return load_settings(config, process_environment()) if config is not None else None


def chosen_paths(paths: list[Path] | None, settings: Settings | None) -> list[Path]:
    """Those of the command line, else the settings', else ./policies; each is there."""
    chosen = list(paths or ())
    if not chosen:
        chosen = [settings.policies.path if settings is not None else _DEFAULT]
    for path in chosen:
        if not path.exists():
            raise typer.BadParameter(f"`{path}` does not exist", param_hint="PATHS")
    return chosen


def load_chosen_tree(paths: list[Path], settings: Settings | None) -> LoadedTree:
    """Raises PolicyError with every finding."""
    if settings is None:
        return load_tree(paths)
    # What builds a service is slow to import, and most commands run without settings.
    from deemster.app import provider_facts

    return load_tree(paths, provider_facts(settings.token_providers))


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
