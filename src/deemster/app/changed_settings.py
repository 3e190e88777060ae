"""Settings as they are now beside those that serve: what is taken at once, what needs a restart.

Gateways and state keys are taken at once. Everything else is built into listeners, limits, clients
and pools, and is told by its name; but for secrets in files, which are re-read where they are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from deemster.errors import ConfigurationError
from deemster.settings.directory_model import SqlDirectory
from deemster.settings.model import Settings
from deemster.settings.provider_model import VerifyingProviderSettings

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
    named = [*_other_values(serving, wanted), *_other_urls(serving, wanted)]
    return ChangedSettings(settings, tuple(sorted(set(named))))


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


def _other_urls(serving: Settings, wanted: Settings) -> Iterator[str]:
    """Secrets that pools of connections were opened with: they are shown alike, and differ."""
    before = dict(_urls(serving))
    for path, url in _urls(wanted):
        if path in before and before[path] != url:
            yield path


def _urls(settings: Settings) -> Iterable[tuple[str, object]]:
    if settings.shared is not None:
        yield "shared.url", settings.shared.url
    for number, database in enumerate(settings.databases):
        yield f"databases[{number}].url", database.url
    for number, directory in enumerate(settings.directories):
        if isinstance(directory.source, SqlDirectory):
            yield f"directories[{number}].sql.url", directory.source.url
