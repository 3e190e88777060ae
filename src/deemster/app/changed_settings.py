"""Settings as they are now beside those that serve: what is taken at once, what needs a restart.

Gateways and state keys are taken at once. Everything else is built into listeners, limits, clients
and pools, and is told by its name; but for secrets in files, which are re-read where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from deemster.errors import ConfigurationError
from deemster.settings.decision_log_model import DecisionLogSettings, HttpSinkSettings
from deemster.settings.directory_model import DirectorySource, SqlDirectory, StaticDirectory
from deemster.settings.model import Settings
from deemster.settings.provider_model import (
    InlineKeySource,
    PluginSettings,
    VerifyingProviderSettings,
)

__all__ = ["ChangedSettings", "compare_settings"]

_GATEWAYS = "gateways["
_STATE_KEYS = "stateKeys["


@dataclass(frozen=True, slots=True)
class ChangedSettings:
    """`settings` is what may serve now; `restart_needed` names the settings that are not in it."""

    settings: Settings
    restart_needed: tuple[str, ...]


def compare_settings(serving: Settings, wanted: Settings) -> ChangedSettings:
    """Raises ConfigurationError where gateways cannot be as `wanted` says before a restart.

    `serving` has the `values` that the service started with.
    """
    _refuse_what_was_not_built(serving, wanted)
    settings = replace(
        serving, gateways=wanted.gateways, state_keys=wanted.state_keys or serving.state_keys
    )
    shown = set(_other_values(serving, wanted))
    hidden = [one for one in _hidden(serving, wanted) if not any(map(_begins_with(one), shown))]
    return ChangedSettings(settings, tuple(sorted({*shown, *hidden})))


def _refuse_what_was_not_built(serving: Settings, wanted: Settings) -> None:
    """What gateways rest on must be there: nothing may be believed, or sent on, for lack of it."""
    providers = {
        provider.id
        for provider in serving.token_providers
        if isinstance(provider, VerifyingProviderSettings)
    }
    headers = {gateway.secret_header for gateway in serving.gateways}
    for gateway in wanted.gateways:
        for token in gateway.access_tokens:
            if token.provider not in providers:
                raise ConfigurationError(
                    f"gateway `{gateway.id}`: token provider `{token.provider}` is not there "
                    "before a restart"
                )
        # Adapters were told at the start which header fields never go to an upstream.
        if gateway.secrets and gateway.secret_header not in headers:
            raise ConfigurationError(
                f"gateway `{gateway.id}`: a `secretHeader` that no gateway had, "
                f"`{gateway.secret_header}`, needs a restart"
            )


def _other_values(serving: Settings, wanted: Settings) -> Iterator[str]:
    before = {value.path: value.shown for value in serving.values}
    now = {value.path: value.shown for value in wanted.values}
    keys_stay = bool(wanted.state_keys) or not serving.state_keys
    for path in before.keys() | now.keys():
        if before.get(path) == now.get(path) or path.startswith(_GATEWAYS):
            continue
        if path.startswith(_STATE_KEYS) and keys_stay:
            continue
        yield path


def _begins_with(path: str) -> Callable[[str], bool]:
    return lambda other: other.startswith(path)


def _hidden(serving: Settings, wanted: Settings) -> Iterator[str]:
    """What is shown alike, or in part, and differs: secrets that are not re-read where they are
    used, and what is too long or too private to be shown."""
    before = dict(_unshown(serving))
    for path, value in _unshown(wanted):
        if path in before and before[path] != value:
            yield path


def _unshown(settings: Settings) -> Iterable[tuple[str, object]]:
    if settings.shared is not None:
        yield "shared.url", settings.shared.url
    for database in settings.databases:
        yield f"databases[{database.name}].url", database.url
    for query in settings.queries:
        yield f"queries[{query.name}].sql", query.sql
    for number, provider in enumerate(settings.token_providers):
        if isinstance(provider, VerifyingProviderSettings):
            yield from _of_provider(f"tokenProviders[{number}]", provider)
    for number, directory in enumerate(settings.directories):
        yield from _of_directory(f"directories[{number}]", directory.source)
    yield from _of_decision_log(settings.decision_log)
    if settings.tracing is not None:
        yield "tracing.otlp.bearer", settings.tracing.collector.bearer


def _of_provider(path: str, provider: VerifyingProviderSettings) -> Iterable[tuple[str, object]]:
    if provider.plugin is not None:
        yield f"{path}.plugin.settings", provider.plugin.settings
    if isinstance(provider.keys, InlineKeySource):
        yield f"{path}.keys.inline", provider.keys
    yield f"{path}.issuers", provider.other_issuers


def _of_directory(path: str, source: DirectorySource) -> Iterable[tuple[str, object]]:
    if isinstance(source, SqlDirectory):
        yield f"{path}.sql.url", source.url
    elif isinstance(source, StaticDirectory):
        yield f"{path}.static.users", source.users
    elif isinstance(source, PluginSettings):
        yield f"{path}.plugin.settings", source.settings


def _of_decision_log(log: DecisionLogSettings) -> Iterable[tuple[str, object]]:
    yield "decisionLog.salt", log.salt
    for number, sink in enumerate(log.sinks):
        if isinstance(sink, HttpSinkSettings):
            yield f"decisionLog.sinks[{number}].{sink.protocol.value}.bearer", sink.bearer
