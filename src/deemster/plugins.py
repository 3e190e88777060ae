"""What plug-ins are written against: third-party readers of tokens and of users.

A package announces a factory by an entry point, and settings name it:

    [project.entry-points."deemster.token_providers"]      tokenProviders: [{…, plugin: {name: …}}]
    [project.entry-points."deemster.user_sources"]         directories: [{…, plugin: {name: …}}]

    factory(context: PluginContext) -> TokenReader         factory(context) -> UserReader

A factory runs once, at the start, and raises ConfigurationError for settings that it cannot use.
What it returns is asked on the one event loop of a worker: it never blocks. The names of this
module are all that a plug-in may rely on; what is added to them comes with a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from deemster.errors import ConfigurationError, DependencyUnavailableError, TokenRejectedError
from deemster.model.clock import Clock
from deemster.model.decision import Reason
from deemster.tokens.plugin_provider import TokenReader
from deemster.usercontext.plugin_source import UserReader

__all__ = [
    "TOKEN_PROVIDERS",
    "USER_SOURCES",
    "Clock",
    "ConfigurationError",
    "DependencyUnavailableError",
    "PluginContext",
    "Reason",
    "TokenReader",
    "TokenRejectedError",
    "UserReader",
    "installed_plugins",
]

TOKEN_PROVIDERS = "deemster.token_providers"  # noqa: S105  (no password)
USER_SOURCES = "deemster.user_sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginContext:
    """What a factory is given.

    `id` is the token provider's or the directory's. `settings` are those under `plugin.settings`,
    read-only: mappings, tuples, texts, numbers, true, false and None, with secrets in plain text.
    Relative paths in them start at `folder`, that of the settings file.
    """

    id: str
    settings: Mapping[str, object] = field(repr=False)
    folder: Path
    clock: Clock


def installed_plugins(group: str) -> dict[str, list[EntryPoint]]:
    """By name; more than one where several packages announce the same. Nothing is imported."""
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=group):
        if entry not in found.setdefault(entry.name, []):
            found[entry.name].append(entry)
    return found
