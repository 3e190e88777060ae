"""`directories:` ► user sources behind one resolver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from deemster.app.directory_services import DirectoryCredentials, scim_source, userinfo_source
from deemster.app.plugins import user_reader_of
from deemster.model.clock import Clock
from deemster.outgoing.databases import open_engine
from deemster.settings.directory_model import (
    ClaimsDirectorySettings,
    DirectorySettings,
    ScimDirectory,
    SqlDirectory,
    StaticDirectory,
    StaticUser,
    UserinfoDirectory,
)
from deemster.settings.model import Settings
from deemster.settings.provider_model import PluginSettings, VerifyingProviderSettings
from deemster.usercontext.claims import ClaimsDirectory
from deemster.usercontext.counters import DirectoryCounters
from deemster.usercontext.plugin_source import PluginUserSource
from deemster.usercontext.resolver import UserResolver
from deemster.usercontext.source import TokenUserSource, UserSource
from deemster.usercontext.sql import SqlUserSource
from deemster.usercontext.sql_queries import QueriedUserSource, UserQueries
from deemster.usercontext.static import StaticUserSource

if TYPE_CHECKING:
    from deemster.usercontext.changes import ChangeListener

__all__ = ["build_change_listeners", "build_user_resolver"]

T = TypeVar("T")


def build_user_resolver(
    settings: Settings,
    clock: Clock,
    credentials: DirectoryCredentials | None = None,
    counters: DirectoryCounters | None = None,
) -> UserResolver:
    """Nothing is connected yet; `credentials` are filled. Raises ConfigurationError."""
    credentials = credentials or DirectoryCredentials()
    directories = {directory.id: directory for directory in settings.directories}
    used_by = {
        provider.id: provider.directory
        for provider in settings.token_providers
        if isinstance(provider, VerifyingProviderSettings) and provider.directory is not None
    }
    sources = _Sources({}, {}, {})
    # What nobody uses nobody would close.
    for id in dict.fromkeys(used_by.values()):
        _add(sources, directories[id], settings.deadlines.user, clock, credentials)
    return UserResolver(
        _by_provider(used_by, sources.asked),
        token_sources=_by_provider(used_by, sources.with_token),
        claims_directories=_by_provider(used_by, sources.of_claims),
        clock=clock,
        ttls={provider: directories[directory].cache for provider, directory in used_by.items()},
        timeout=settings.deadlines.user,
        counters=counters,
    )


def build_change_listeners(
    settings: Settings, users: UserResolver, on_state: Callable[[str, bool], None]
) -> tuple[ChangeListener, ...]:
    """One for each directory whose database tells of changes; none of them is started.

    `on_state(directory, listening)`
    """
    listeners = []
    for directory in settings.directories:
        source = directory.source
        if not isinstance(source, SqlDirectory) or source.notify is None:
            continue
        # Its library takes a moment to import, and nobody else needs it.
        from deemster.usercontext.changes import ChangeListener

        providers = tuple(
            provider.id
            for provider in settings.token_providers
            if isinstance(provider, VerifyingProviderSettings)
            and provider.directory == directory.id
        )
        listeners.append(
            ChangeListener(
                source.url.reveal(),
                source.notify,
                on_change=partial(users.forget, providers),
                on_state=partial(on_state, directory.id),
            )
        )
    return tuple(listeners)


@dataclass(frozen=True, slots=True)
class _Sources:
    """By directory id."""

    asked: dict[str, UserSource]
    with_token: dict[str, TokenUserSource]
    of_claims: dict[str, ClaimsDirectory]


def _by_provider(used_by: Mapping[str, str], sources: Mapping[str, T]) -> dict[str, T]:
    return {
        provider: sources[directory]
        for provider, directory in used_by.items()
        if directory in sources
    }


def _add(
    sources: _Sources,
    directory: DirectorySettings,
    timeout: float,
    clock: Clock,
    credentials: DirectoryCredentials,
) -> None:
    id = directory.id
    match directory.source:
        case StaticDirectory(users):
            sources.asked[id] = StaticUserSource(id, {user.subject: _entry(user) for user in users})
        case SqlDirectory() as sql:
            sources.asked[id] = _sql_source(id, sql, timeout)
        case ClaimsDirectorySettings(mapping):
            sources.of_claims[id] = ClaimsDirectory(id, mapping)
        case ScimDirectory() as scim:
            sources.asked[id] = scim_source(id, scim, timeout, clock, credentials)
        case PluginSettings() as plugin:
            sources.asked[id] = PluginUserSource(id, user_reader_of(id, plugin, clock))
        case UserinfoDirectory() as userinfo:
            sources.with_token[id] = userinfo_source(id, userinfo, timeout, clock, credentials)


def _sql_source(id: str, sql: SqlDirectory, timeout: float) -> UserSource:
    # The server ends by itself what nobody waits for any more.
    engine = open_engine(sql.url.reveal(), read_only=True, statement_seconds=2 * timeout)
    if sql.queries is None:
        return SqlUserSource(id, engine, timeout=timeout)
    return QueriedUserSource(id, engine, UserQueries(**sql.queries), timeout=timeout)


def _entry(user: StaticUser) -> dict[str, object]:
    return {
        "enabled": user.enabled,
        "groups": user.groups,
        "roles": user.roles,
        "attributes": user.attributes,
    }
