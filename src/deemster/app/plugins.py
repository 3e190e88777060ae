"""`plugin:` of the settings ► what the plug-in's factory makes; any failure ends the start."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import cast

from deemster.errors import ConfigurationError
from deemster.model.clock import Clock
from deemster.plugins import (
    TOKEN_PROVIDERS,
    USER_SOURCES,
    PluginContext,
    TokenReader,
    UserReader,
    installed_plugins,
)
from deemster.settings.provider_model import PluginSettings
from deemster.settings.secret import Secret

__all__ = ["token_reader_of", "user_reader_of"]

_TOKEN_METHODS = ("read", "close")
_USER_METHODS = ("is_enabled", "groups", "roles", "attributes", "close")


def token_reader_of(id: str, plugin: PluginSettings, clock: Clock) -> TokenReader:
    """Raises ConfigurationError."""
    return cast(TokenReader, _made(TOKEN_PROVIDERS, id, plugin, clock, _TOKEN_METHODS))


def user_reader_of(id: str, plugin: PluginSettings, clock: Clock) -> UserReader:
    """Raises ConfigurationError."""
    return cast(UserReader, _made(USER_SOURCES, id, plugin, clock, _USER_METHODS))


def _made(
    group: str, id: str, plugin: PluginSettings, clock: Clock, methods: Collection[str]
) -> object:
    called = f"the plug-in `{plugin.name}` of `{id}`"
    found = installed_plugins(group).get(plugin.name, [])
    if len(found) != 1:
        raise ConfigurationError(f"{called} is installed {len(found)} times")
    try:
        factory = found[0].load()
    except (Exception, SystemExit) as fault:  # noqa: BLE001 - importing runs anything
        raise ConfigurationError(f"{called} cannot be loaded: {_told(fault)}") from None
    settings = cast(Mapping[str, object], _frozen(plugin.settings))
    context = PluginContext(id=id, settings=settings, folder=plugin.folder, clock=clock)
    try:
        made = factory(context)
    except ConfigurationError as error:
        raise ConfigurationError(f"{called}: {error.message}") from None
    except (Exception, SystemExit) as fault:  # noqa: BLE001 - whatever it does, we do not start
        # Its message may quote a secret of its settings.
        raise ConfigurationError(f"{called} failed: {type(fault).__name__}") from None
    missing = [name for name in methods if not callable(getattr(made, name, None))]
    if missing:
        kind = type(made).__name__
        raise ConfigurationError(f"{called} returned {kind}, which has no `{missing[0]}()`")
    return made


def _told(fault: BaseException) -> str:
    # Of a module that is not there the name is what helps.
    is_import = isinstance(fault, ImportError | AttributeError)
    return f"{type(fault).__name__}: {fault}" if is_import else type(fault).__name__


def _frozen(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple([_frozen(item) for item in value])
    return value
