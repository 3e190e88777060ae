"""`directories:` ► user sources behind one resolver."""

from __future__ import annotations

from deemster.model.clock import Clock
from deemster.outgoing.databases import open_engine
from deemster.settings.model import (
    DirectorySettings,
    Settings,
    SqlDirectory,
    StaticDirectory,
    StaticUser,
    VerifyingProviderSettings,
)
from deemster.usercontext.resolver import UserResolver
from deemster.usercontext.source import UserSource
from deemster.usercontext.sql import SqlUserSource
from deemster.usercontext.static import StaticUserSource

__all__ = ["build_user_resolver"]


def build_user_resolver(settings: Settings, clock: Clock) -> UserResolver:
    """Nothing is connected yet. Raises ConfigurationError."""
    directories = {directory.id: directory for directory in settings.directories}
    sources = {
        directory.id: _source(directory, settings.deadlines.user)
        for directory in settings.directories
    }
    used_by = {
        provider.id: provider.directory
        for provider in settings.token_providers
        if isinstance(provider, VerifyingProviderSettings) and provider.directory is not None
    }
    return UserResolver(
        {provider: sources[directory] for provider, directory in used_by.items()},
        clock=clock,
        ttls={provider: directories[directory].cache for provider, directory in used_by.items()},
        timeout=settings.deadlines.user,
    )


def _source(directory: DirectorySettings, timeout: float) -> UserSource:
    match directory.source:
        case StaticDirectory(users):
            return StaticUserSource(directory.id, {user.subject: _entry(user) for user in users})
        case SqlDirectory(url):
            return SqlUserSource(directory.id, open_engine(url.reveal()), timeout=timeout)


def _entry(user: StaticUser) -> dict[str, object]:
    return {
        "enabled": user.enabled,
        "groups": user.groups,
        "roles": user.roles,
        "attributes": user.attributes,
    }
