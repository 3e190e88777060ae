"""From paths and settings to a loaded policy tree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from deemster.policy.loading import LoadedTree, load_tree
from deemster.policy.resolved import ProviderFacts
from deemster.policytest.providers import ProviderProfile
from deemster.settings import Settings, load_settings, process_environment
from deemster.settings.model import TokenProviderSettings, VerifyingProviderSettings
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
    return load_tree(paths, _provider_facts(settings))


def provider_profiles(settings: Settings | None) -> Mapping[str, ProviderProfile]:
    """What the settings say of each provider, less its keys."""
    providers = settings.token_providers if settings is not None else ()
    return {provider.id: _profile(provider) for provider in providers}


def _provider_facts(settings: Settings | None) -> Mapping[str, ProviderFacts] | None:
    if settings is None:
        return None
    return {
        provider.id: ProviderFacts(
            kind="internal" if _is_internal(provider) else "external",
            asserted=not isinstance(provider, VerifyingProviderSettings),
        )
        for provider in settings.token_providers
    }


def _is_internal(provider: TokenProviderSettings) -> bool:
    return isinstance(provider, VerifyingProviderSettings) and provider.internal


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
