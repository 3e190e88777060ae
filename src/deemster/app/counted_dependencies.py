"""What is told to operators of caches, published keys and circuits: the parts themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from deemster.app.directory_services import DirectoryCredentials
from deemster.app.providers import TokenProviders
from deemster.app.sources import SourcesOfSettings
from deemster.telemetry.dependency_families import DependencyFigures
from deemster.tokens.introspection_endpoint import IntrospectionEndpoint
from deemster.usercontext.asked_directory import AskedDirectory
from deemster.usercontext.resolver import UserResolver

__all__ = ["tell_dependencies"]


def tell_dependencies(
    figures: DependencyFigures,
    providers: TokenProviders,
    users: UserResolver,
    directories: DirectoryCredentials,
    attributes: SourcesOfSettings,
) -> None:
    """Let `figures` look at them."""
    figures.caches = {
        "tokens": list(providers.token_caches),
        "introspections": list(providers.introspection.caches),
        "attributes": [attributes.cache],
        **{name: [cache] for name, cache in users.caches.items()},
    }
    figures.key_sets = {id: list(keys) for id, keys in providers.published_keys.items()}
    circuits: dict[tuple[str, str], Callable[[], bool]] = figures.circuits
    for id, endpoint in providers.introspection.endpoints.items():
        circuits["introspection", id] = partial(_is_held_back, endpoint)
    for id, directory in directories.asked.items():
        circuits["directory", id] = partial(_is_held_back, directory)
    for name, is_held_back in attributes.sources.held_back.items():
        circuits["attributes", name] = is_held_back


def _is_held_back(dependency: AskedDirectory | IntrospectionEndpoint) -> bool:
    return dependency.is_held_back
